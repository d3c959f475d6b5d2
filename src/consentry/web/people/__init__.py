"""Pages of persons who are depicted: to enrol by a link, and to decide on one of their own."""
