"""The demo: one page on which a newcomer sees what Consentry decides, and what it rests on."""
