"""Users as others see them: profiles, finding people, favourites, and friends on Facebook."""
