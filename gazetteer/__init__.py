"""Communes, provinces and villages of Vietnam, before and after the reform of July 2025."""
