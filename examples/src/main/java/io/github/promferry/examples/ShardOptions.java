package io.github.promferry.examples;

import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.relabel.Relabeler;
import io.github.promferry.scrape.relabel.TargetShard;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options by which several forwarders with the same configuration split its targets. */
final class ShardOptions {
    @Option(
            names = "--shard",
            paramLabel = "MEMBER/MEMBERS",
            converter = ShardConverter.class,
            description = {
                "Scrape only the share of one of several forwarders: 0/3, 1/3 and 2/3 have all targets together. MEMBER"
                        + " may be a name that ends in the number, such as that of a pod. Default: all targets."
            })
    private @Nullable TargetShard shard;

    @Option(
            names = "--shard-replication-factor",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many of the forwarders scrape each target. Default: ${DEFAULT-VALUE}.")
    private int replicationFactor;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    ShardOptions() {}

    /** Judges the options together. */
    void check() {
        if (shard == null && replicationFactor != 1) {
            throw new ParameterException(spec.commandLine(), "--shard-replication-factor needs --shard");
        }
        if (shard != null) {
            TargetShard unused = replicated(shard);
        }
    }

    /** The job with its share of the targets. */
    ScrapeJob applyTo(ScrapeJob job) {
        if (shard == null) {
            return job;
        }
        TargetShard share = replicated(shard);
        Relabeler before = job.relabel();
        return job.toBuilder()
                .relabel(before == null ? share : Relabeler.of(before, share))
                .build();
    }

    private TargetShard replicated(TargetShard each) {
        try {
            return each.withReplicationFactor(replicationFactor);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--shard-replication-factor: " + e.getMessage(), e);
        }
    }

    /** {@code 2/5} or {@code forwarder-2/5}. */
    static final class ShardConverter implements ITypeConverter<TargetShard> {
        @Override
        public TargetShard convert(String text) {
            int slash = text.lastIndexOf('/');
            String members = text.substring(slash + 1);
            if (slash < 0 || !members.matches("\\d{1,9}")) {
                throw new TypeConversionException(
                        "'" + text + "' is no share: write MEMBER/MEMBERS, such as 0/3 for the first of three");
            }
            try {
                return TargetShard.of(TargetShard.memberOf(text.substring(0, slash)), Integer.parseInt(members));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + text + "': " + e.getMessage());
            }
        }
    }
}
