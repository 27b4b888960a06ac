"""Manifest × policy × fleet → Plan. No input or output; the same arguments always give the same plan."""
