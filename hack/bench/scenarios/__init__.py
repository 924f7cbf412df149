"""What is measured, one module per situation a controller gets into."""
