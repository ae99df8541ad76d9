package io.github.promferry.scrape.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a name may be short for, by resolv.conf(5): names with fewer dots than {@code ndots} are looked for in the search
 * domains first, others last; a dot at the end rules them out.
 */
record SearchList(List<String> domains, int ndots) {
    static final SearchList NONE = new SearchList(List.of(), 1);

    static SearchList ofSystem() {
        try {
            return of(Files.readString(Path.of("/etc/resolv.conf"), UTF_8));
        } catch (IOException e) {
            // Not a Unix: names have to be complete.
            return NONE;
        }
    }

    static SearchList of(String resolvConf) {
        List<String> domains = List.of();
        int ndots = 1;
        for (String line : resolvConf.lines().toList()) {
            String[] words = line.trim().split("\\s+", -1);
            if (words[0].equals("search") || words[0].equals("domain")) {
                domains = Arrays.asList(words).subList(1, words.length);
            } else if (words[0].equals("options")) {
                for (String option : words) {
                    if (option.matches("ndots:\\d{1,2}")) {
                        ndots = Integer.parseInt(option.substring("ndots:".length()));
                    }
                }
            }
        }
        return new SearchList(domains, ndots);
    }

    List<String> candidates(String name) {
        if (name.endsWith(".")) {
            return List.of(name);
        }
        List<String> candidates = new ArrayList<>();
        for (String domain : domains) {
            candidates.add(name + "." + domain);
        }
        boolean asIsFirst = name.chars().filter(c -> c == '.').count() >= ndots;
        candidates.add(asIsFirst ? 0 : candidates.size(), name);
        return candidates;
    }
}
