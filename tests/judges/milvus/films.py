"""What users of Milvus do, with the `client` that the lines of `status` make. It follows them in one program."""
import time

ROWS = [{"id": number, "vector": [float(number)] * 8, "title": f"film {number}"} for number in range(1000)]


def fill():
    client.create_collection("films", dimension=8, metric_type="L2")
    print(client.insert("films", ROWS)["insert_count"])
    client.load_collection("films")


def ask():
    found = client.search("films", [[7.2] * 8], limit=3, output_fields=["title"], consistency_level="Strong")
    print([hit["entity"]["title"] for hit in found[0]])
    print([row["title"] for row in client.query("films", filter="id in [1, 2]", output_fields=["title"])])
    print(client.list_collections())


def wait(seconds):
    """Asks for data as new as what is written `seconds` from now: Milvus answers no sooner.

    PyMilvus would ask again, and be right with the second answer.
    """
    then = int((time.time() + seconds) * 1000) << 18
    level = {"consistency_level": "Customized", "guarantee_timestamp": then, "retry_times": 0}
    start = time.time()
    client.search("films", [[7.2] * 8], limit=1, **level)
    print("waited", time.time() - start > seconds - 1)


def drop():
    client.drop_collection("films")
    print(client.list_collections())
