"""Answers what PyMilvus asks when it connects, over TLS, as Milvus does with tlsMode 1."""
import sys
from concurrent import futures

import grpc
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc


class Milvus(milvus_pb2_grpc.MilvusServiceServicer):
    def Connect(self, request, context):
        info = common_pb2.ServerInfo(build_tags="v2.6.15", deploy_mode="STANDALONE")
        return milvus_pb2.ConnectResponse(status=common_pb2.Status(), server_info=info, identifier=1)

    def GetVersion(self, request, context):
        return milvus_pb2.GetVersionResponse(status=common_pb2.Status(), version="v2.6.15")

    def ShowCollections(self, request, context):
        return milvus_pb2.ShowCollectionsResponse(status=common_pb2.Status(), collection_names=["vectors"])


certificate, key = sys.argv[1:]
server = grpc.server(futures.ThreadPoolExecutor(4))
milvus_pb2_grpc.add_MilvusServiceServicer_to_server(Milvus(), server)
credentials = grpc.ssl_server_credentials([(open(key, "rb").read(), open(certificate, "rb").read())])
port = server.add_secure_port("127.0.0.1:0", credentials)
server.start()
print(port, flush=True)
sys.stdin.read()
