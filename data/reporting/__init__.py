"""What pages and terminal tables are made of: samples as cards, checked results, claims, tables, charts."""
