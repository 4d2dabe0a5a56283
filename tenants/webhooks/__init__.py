"""Webhooks as the Standard Webhooks specification has them (https://www.standardwebhooks.com).

What is sent is decided where people are told (tenants/notices/telling.py); here are the endpoints, the
messages that are due, how they are signed, and how they leave without reaching what is not meant for them.
"""
