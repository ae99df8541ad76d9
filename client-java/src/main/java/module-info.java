/** The bridge to client_java, both ways. */
@org.jspecify.annotations.NullMarked
module io.github.promferry.clientjava {
    requires static org.jspecify;
    requires transitive io.github.promferry.core;
    requires transitive io.prometheus.metrics.model;

    exports io.github.promferry.clientjava;
}
