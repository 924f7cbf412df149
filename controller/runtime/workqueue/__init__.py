"""The queue between event handlers and workers; `queue.py` states what it promises."""
