package io.github.promferry.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the READMEs show compiles, and what they link to is there. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]+)(?:#[^)]*)?\\)");

    /** What a reader imports without being told. */
    private static final String IMPORTS = """
            import io.github.promferry.*;
            import io.github.promferry.http.*;
            import io.github.promferry.parse.*;
            import io.github.promferry.remotewrite.*;
            import io.github.promferry.scrape.*;
            import io.github.promferry.scrape.engine.*;
            import io.github.promferry.scrape.relabel.*;
            import java.net.URI;
            import java.nio.file.*;
            import java.time.Duration;
            import java.util.*;
            """;

    @TempDir
    private Path folder;

    static List<Path> documents() {
        return Stream.of(
                        "README.md",
                        "examples/README.md",
                        "examples/grafana/README.md",
                        "examples/alerts/README.md",
                        "CONTRIBUTING.md",
                        "CHANGELOG.md")
                .map(ROOT::resolve)
                .toList();
    }

    @Test
    void theRootReadmeShowsHowToEmbed() throws Exception {
        assertThat(snippets(ROOT.resolve("README.md")))
                .isNotEmpty()
                .anyMatch(code -> code.contains("Scraper.builder()"));
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everySnippetCompiles(Path document) throws Exception {
        for (String code : snippets(document)) {
            String unit = IMPORTS + "class Snippet { void run(String user, String password) throws Exception {\n" + code
                    + "\n} }";
            StringWriter messages = new StringWriter();
            boolean compiled = ToolProvider.getSystemJavaCompiler()
                    .getTask(
                            messages,
                            null,
                            null,
                            List.of(
                                    "-proc:none",
                                    "-d",
                                    folder.toString(),
                                    "-cp",
                                    System.getProperty("java.class.path")),
                            null,
                            List.of(source(unit)))
                    .call();
            assertThat(compiled).as(document + ":\n" + unit + messages).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyRelativeLinkLeadsSomewhere(Path document) throws Exception {
        // A regular expression in a code block can look like a link.
        Matcher links = LINK.matcher(Files.readString(document).replaceAll("(?s)```.*?```", ""));
        while (links.find()) {
            assertThat(document.resolveSibling(links.group(1)))
                    .as(links.group())
                    .exists();
        }
    }

    private static List<String> snippets(Path document) throws Exception {
        List<String> snippets = new ArrayList<>();
        Matcher code = JAVA.matcher(Files.readString(document));
        while (code.find()) {
            snippets.add(code.group(1));
        }
        return snippets;
    }

    private static JavaFileObject source(String text) {
        return new SimpleJavaFileObject(URI.create("string:///Snippet.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }
}
