package io.github.promferry.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.remotewrite.WriteProtocol;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class WaitingCostTest {
    private static final double MAX = 1.2;

    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"V1", "V2"})
    void waitingCostsLittleMoreThanTheCompressedBytes(WriteProtocol protocol) throws IOException {
        // What waits cannot take less than its bytes: a much lower figure would be a measurement that went wrong. The
        // heap
        // is that of a JVM that has done other things before.
        assertThat(WaitingCost.inMemory(protocol)).as("in memory").isBetween(0.8, MAX);
        assertThat(WaitingCost.inSpool(protocol)).as("in the spool").isBetween(1.0, MAX);
    }

    /** Far below what any machine does: that it works is what is tested, and that it takes no pauses. */
    @ParameterizedTest
    @CsvSource({"V1,false", "V1,true", "V2,false", "V2,true"})
    void aBacklogGoesOutAtAMultipleOfTheLiveRate(WriteProtocol protocol, boolean spooled) throws IOException {
        assertThat(WaitingCost.catchUp(protocol, spooled)).isGreaterThan(10_000);
    }
}
