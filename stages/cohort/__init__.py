"""Where the data come from: released tables and what describes them."""
