package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.Series;
import io.github.promferry.parse.SeriesRejectedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetLabelsTest {
    private static final ScrapeJob JOB = ScrapeJob.builder("llm").build();

    @ParameterizedTest(name = "target {0}, page {1}: {2}")
    @CsvSource({
        "foo=2, foo=1, exported_foo=1 foo=2",
        "foo=2 exported_foo=3, foo=1, exported_exported_foo=1 exported_foo=3 foo=2",
        "foo=3, foo=1 exported_foo=2, exported_exported_foo=1 exported_foo=2 foo=3",
        "exported_foo=2, exported_foo=1, exported_exported_foo=1 exported_foo=2",
        "foo=3 exported_foo=4, foo=1 exported_foo=2, exported_exported_foo=1 exported_exported_exported_foo=2 exported_foo=4 foo=3",
        "foo=0 exported_exported_foo=1 exported_exported_exported_foo=2,"
                + " foo=3 exported_foo=4 exported_exported_exported_foo=5,"
                + " exported_exported_exported_exported_exported_foo=5 exported_exported_exported_exported_foo=3"
                + " exported_exported_exported_foo=2 exported_exported_foo=1 exported_foo=4 foo=0",
        "foo=2, n=, foo=2",
        "foo=2, bar=1, bar=1 foo=2"
    })
    void withoutHonorLabelsTheTargetWinsAndThePagesLabelIsExported(String target, String page, String expected) {
        assertThat(full(JOB, target, page)).isEqualTo(named(expected));
    }

    @ParameterizedTest(name = "target {0}, page {1}: {2}")
    @CsvSource({
        "job=a instance=b, job=x, instance=b job=x",
        "job=a instance=b, job=, instance=b job=a",
        "job=a instance=b, job=x instance=y, instance=y job=x",
        "job=a, bar=1, bar=1 job=a"
    })
    void withHonorLabelsThePageWins(String target, String page, String expected) {
        ScrapeJob job = ScrapeJob.builder("llm").honorLabels(true).build();
        assertThat(full(job, target, page)).isEqualTo(named(expected));
    }

    @Test
    void aSeriesWithoutConflictIsTakenAsItIs() {
        TargetLabels resolver = new TargetLabels(JOB, labels("job=a instance=b"), Labels.EMPTY);
        Labels exposed = named("model=m le=1");
        assertThat(resolver.merge(exposed)).isSameAs(exposed);
    }

    @Test
    void aPageCannotPassOffASeriesAsAReport() {
        TargetLabels resolver = new TargetLabels(JOB, labels("job=a instance=b"), Labels.EMPTY);
        assertThat(labelsOf(resolver, Labels.of("__name__", "up"))).isEqualTo(Labels.of("__name__", "exported_up"));
        Labels told = Labels.of("__name__", "up", "engine", "0");
        assertThat(labelsOf(resolver, told)).isSameAs(told);
        ScrapeJob unreported =
                ScrapeJob.builder("llm").reports(ScrapeJob.Reports.NONE).build();
        Labels up = Labels.of("__name__", "up");
        assertThat(labelsOf(new TargetLabels(unreported, labels("job=a"), Labels.EMPTY), up))
                .isSameAs(up);
    }

    @ParameterizedTest(name = "{0} {1} {2}: {3}")
    @CsvSource({
        "4, 0, 0, 'the series has 5 labels, those of the target included, more than the label limit 4 of job llm'",
        "0, 8, 0, 'a label name has 10 bytes, more than the label name length limit 8 of job llm'",
        "0, 0, 6, 'the value of label model_name has 7 bytes, more than the label value length limit 6 of job llm'"
    })
    void limitsAreNamedWithWhatBrokeThem(int labels, int nameLength, int valueLength, String message) {
        ScrapeJob job = ScrapeJob.builder("llm")
                .limits(ScrapeLimits.builder()
                        .labels(labels)
                        .labelNameBytes(nameLength)
                        .labelValueBytes(valueLength)
                        .build())
                .build();
        TargetLabels resolver = new TargetLabels(job, labels("job=a instance=b"), Labels.EMPTY);
        Labels exposed = Labels.of("__name__", "m", "model_name", "qwen-3b", "le", "1");
        assertThatExceptionOfType(SeriesRejectedException.class)
                .isThrownBy(() -> resolver.resolve(exposed, MetricMetadata.NONE))
                .withMessage(message);
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "a.b, l, 'metric name \"a.b\" has a character that the legacy names of job llm do not allow'",
        "9a, l, 'metric name \"9a\" has a character that the legacy names of job llm do not allow'",
        "a, l:x, 'label name \"l:x\" has a character that the legacy names of job llm do not allow'",
        "a, 1l, 'label name \"1l\" has a character that the legacy names of job llm do not allow'",
        "\u00e4, l, 'metric name \"\u00e4\" has a character that the legacy names of job llm do not allow'",
        ":A:b_9, _Z9, "
    })
    void legacyNamesFailWhatHasOthers(String metric, String label, String message) {
        Labels exposed = Labels.of("__name__", metric, label, "any.value");
        assertThat(labelsOf(new TargetLabels(JOB, labels("job=a"), Labels.EMPTY), exposed))
                .isSameAs(exposed);
        ScrapeJob job = JOB.toBuilder().legacyNames(true).build();
        TargetLabels legacy = new TargetLabels(job, labels("job=a"), Labels.EMPTY);
        if (message == null) {
            assertThat(labelsOf(legacy, exposed)).isSameAs(exposed);
        } else {
            assertThatExceptionOfType(SeriesRejectedException.class)
                    .isThrownBy(() -> legacy.resolve(exposed, MetricMetadata.NONE))
                    .withMessage(message);
        }
    }

    @Test
    void limitsAreInclusive() {
        ScrapeJob job = ScrapeJob.builder("llm")
                .limits(ScrapeLimits.builder()
                        .labels(4)
                        .labelNameBytes(8)
                        .labelValueBytes(1)
                        .build())
                .build();
        TargetLabels resolver = new TargetLabels(job, labels("job=a instance=b"), Labels.EMPTY);
        Labels exposed = Labels.of("__name__", "m", "le", "1");
        assertThat(resolver.resolve(exposed, MetricMetadata.NONE).labels()).isSameAs(exposed);
    }

    private static Labels labelsOf(TargetLabels resolver, Labels exposed) {
        return resolver.resolve(exposed, MetricMetadata.NONE).labels();
    }

    private static Labels full(ScrapeJob job, String target, String page) {
        Labels common = labels(target);
        Series series = new TargetLabels(job, common, Labels.EMPTY).resolve(named(page), MetricMetadata.NONE);
        return series.fullLabels(common);
    }

    private static Labels named(String pairs) {
        Labels.Builder builder = Labels.builder().add("__name__", "metric");
        labels(pairs).toMap().forEach(builder::add);
        return builder.build();
    }

    private static Labels labels(String pairs) {
        Labels.Builder builder = Labels.builder();
        for (String pair : pairs.trim().split(" +", -1)) {
            int equals = pair.indexOf('=');
            builder.add(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return builder.build();
    }
}
