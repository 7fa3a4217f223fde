"""From pixels and what the nets say of them to a number, dates, a name: how places are found, looked at and judged."""
