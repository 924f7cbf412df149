"""The machinery that runs reconcilers and knows no kind; it could be lifted out as a library."""
