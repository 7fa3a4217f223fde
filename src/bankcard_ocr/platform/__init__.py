"""The WeChat platform, without sockets: what a call means and what is answered."""
