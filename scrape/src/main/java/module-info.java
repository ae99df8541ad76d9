/** Targets, scrape loops, staleness, report series. */
@org.jspecify.annotations.NullMarked
module io.github.promferry.scrape {
    requires static org.jspecify;
    requires transitive io.github.promferry.core;
    requires java.net.http;
    requires java.naming;
    requires jdk.naming.dns;
    requires org.snakeyaml.engine.v2;
    requires re2j;

    exports io.github.promferry.scrape;
    exports io.github.promferry.scrape.discovery;
    exports io.github.promferry.scrape.engine;
    exports io.github.promferry.scrape.relabel;
}
