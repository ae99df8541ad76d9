/** Targets, scrape loops, staleness, report series. */
@org.jspecify.annotations.NullMarked
module io.github.promferry.scrape {
    requires static transitive org.jspecify;
    requires transitive io.github.promferry.core;
    requires java.net.http;
    requires re2j;

    exports io.github.promferry.scrape;
    exports io.github.promferry.scrape.relabel;
}
