"""`Guard`: the façade that an application embeds; it puts the rooms together."""
