"""The admission server: handlers of families, asked by the API server before it stores objects."""
