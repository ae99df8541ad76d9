/** The Remote Write client: batch, queue, retry, send. */
@org.jspecify.annotations.NullMarked
module io.github.promferry.remotewrite {
    requires static org.jspecify;
    requires transitive io.github.promferry.core;
    requires transitive java.net.http;
    requires org.xerial.snappy;

    exports io.github.promferry.remotewrite;
}
