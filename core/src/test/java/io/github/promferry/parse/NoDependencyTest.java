package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires.Modifier;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The core needs the JDK alone: fails as soon as somebody adds a dependency that is not for tests. */
class NoDependencyTest {
    @Test
    void moduleRequiresTheJdkAndAnnotationsOnly() throws IOException {
        URL descriptor = new URL(Labels.class.getResource("Labels.class"), "../../../module-info.class");
        ModuleDescriptor module;
        try (InputStream in = descriptor.openStream()) {
            module = ModuleDescriptor.read(in);
        }
        assertThat(module.name()).isEqualTo("io.github.promferry.core");
        for (ModuleDescriptor.Requires required : module.requires()) {
            if (required.modifiers().contains(Modifier.STATIC)) {
                assertThat(required.name()).isEqualTo("org.jspecify");
            } else {
                assertThat(required.name()).isIn("java.base", "java.net.http");
            }
        }
    }

    @Test
    void pomHasTestDependenciesOnly() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));
        assertThat(pom).contains("<artifactId>promferry-core</artifactId>");
        Matcher dependency = Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL)
                .matcher(pom);
        List<String> others = new ArrayList<>();
        while (dependency.find()) {
            if (!dependency.group(1).contains("<scope>test</scope>")) {
                others.add(dependency.group(1).strip());
            }
        }
        assertThat(others).isEmpty();
    }
}
