"""sql.py SECRET PORT QUERY: asks the database that a container publishes on loopback; prints its rows as JSON."""

import json
import sys

import boto3
import psycopg2

login = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=sys.argv[1])["SecretString"])
connection = psycopg2.connect(
    host="127.0.0.1", port=sys.argv[2], dbname="todo", user=login["username"], password=login["password"], sslmode="require"
)
connection.autocommit = True
with connection.cursor() as cursor:
    cursor.execute(sys.argv[3])
    print(json.dumps(cursor.fetchall() if cursor.description else [], default=str))
