"""The nouns: frozen values, with those rules that need nothing but the values themselves."""
