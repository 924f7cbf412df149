"""Others' programs that are asked what is right: where ours differs, it has to say why."""
