"""From pixels and what the nets say of them to a number, dates, a name: how regions are found, looked at and judged."""
