package io.github.promferry.benchmarks;

import io.github.promferry.Labels;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Cost of what happens once per series: merging own and common labels. */
@State(Scope.Thread)
public class LabelsBenchmark {
    private Labels own = Labels.of("__name__", "vllm:num_requests_running", "engine", "0", "model_name", "m");
    private Labels common = Labels.of("job", "llm", "instance", "127.0.0.1:8000", "cluster", "test");

    /** Merges three and three labels. */
    @Benchmark
    public Labels merge() {
        return own.withDefaults(common);
    }
}
