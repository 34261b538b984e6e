"""Two poles on one cart (Wieland 1991), the field's hardest classic; equations as in figures of Gomez, Schmidhuber & Miikkulainen 2008."""
