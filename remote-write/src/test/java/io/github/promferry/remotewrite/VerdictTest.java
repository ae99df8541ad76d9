package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictTest {
    @ParameterizedTest
    @CsvSource({
        "V1, 200, false, DELIVERED",
        "V1, 204, false, DELIVERED",
        "V1, 204, true, DELIVERED",
        "V2, 200, true, DELIVERED",
        "V2, 202, true, DELIVERED",
        "V2, 204, false, UNSUPPORTED",
        "V1, 400, false, FAILED",
        "V2, 400, true, FAILED",
        "V2, 400, false, PERHAPS_UNSUPPORTED",
        "V1, 401, false, UNAUTHORIZED",
        "V2, 401, false, UNAUTHORIZED",
        "V2, 403, false, UNAUTHORIZED",
        "V2, 404, false, FAILED",
        "V2, 409, false, FAILED",
        "V1, 413, false, TOO_LARGE",
        "V2, 413, true, TOO_LARGE",
        "V1, 415, false, FAILED",
        "V2, 415, false, UNSUPPORTED",
        "V2, 415, true, UNSUPPORTED",
        "V2, 429, false, FAILED",
        "V2, 500, false, FAILED",
        "V2, 302, false, FAILED",
        "V2, 999, false, FAILED",
        "V2, 101, false, FAILED",
    })
    void responseMeans(WriteProtocol sent, int status, boolean confirmed, Verdict verdict) {
        assertThat(Verdict.of(sent, status, confirmed)).isEqualTo(verdict);
    }

    private static Response response(String... headers) {
        Map<String, List<String>> map = new HashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            map.put(headers[i], List.of(headers[i + 1]));
        }
        return new Response(200, HttpHeaders.of(map, (name, value) -> true), "");
    }

    @ParameterizedTest
    @CsvSource({
        "120, PT2M",
        "0, PT0S",
        "' 7 ', PT7S",
        "-5,",
        "1.5,",
        "'',",
        "soon,",
        "99999999999999999999,",
        "'Thu, 01 Jan 2026 00:00:30 GMT', PT30S",
        "'Thu, 01 Jan 2026 00:00:00 GMT', PT0S",
        "'Wed, 31 Dec 2025 23:59:59 GMT',",
        "2026-01-01T00:00:30Z,",
    })
    void retryAfterIsSecondsOrADate(String value, @Nullable Duration wait) {
        assertThat(response("Retry-After", value).retryAfter(1_767_225_600_000L))
                .isEqualTo(wait);
    }

    @ParameterizedTest
    @CsvSource({"'Thu, 01 Jan 2026 00:00:10 GMT', PT20S", "nonsense, PT30S"})
    void dateIsComparedWithTheReceiversOwnClock(String date, Duration wait) {
        Response response = response("Retry-After", "Thu, 01 Jan 2026 00:00:30 GMT", "Date", date);
        assertThat(response.retryAfter(1_767_225_600_000L)).isEqualTo(wait);
    }

    @ParameterizedTest
    @CsvSource({
        ", false, 0",
        "12, true, 12",
        "garbage, true, 0",
        "-1, true, 0",
        "99999999999999999999, true, 0",
    })
    void unreadableWrittenHeaderConfirmsButCountsNothing(@Nullable String samples, boolean confirmed, long written) {
        Response response =
                samples == null ? response() : response("x-prometheus-remote-write-samples-written", samples);
        assertThat(response.hasWrittenHeader()).isEqualTo(confirmed);
        assertThat(response.written()).isEqualTo(written);
    }

    @ParameterizedTest
    @CsvSource({"Histograms, 3", "Exemplars, 0"})
    void anyWrittenHeaderConfirms(String kind, long written) {
        Response response = response("X-Prometheus-Remote-Write-" + kind + "-Written", "3");
        assertThat(response.hasWrittenHeader()).isTrue();
        assertThat(response.written()).isEqualTo(written);
    }
}
