"""Running everything on one machine: what `script/server` starts, watches and stops."""
