"""Connects in both of PyMilvus's ways and prints what Milvus answers."""
import sys

from pymilvus import MilvusClient, connections, utility

port, server_name, pem = sys.argv[1:]
connections.connect(
    alias="default", host="127.0.0.1", port=port, secure=True, server_name=server_name, server_pem_path=pem, timeout=5
)
print(utility.get_server_version(), utility.list_collections())
client = MilvusClient(
    uri=f"https://127.0.0.1:{port}", secure=True, server_name=server_name, server_pem_path=pem, timeout=5
)
print(client.list_collections())
