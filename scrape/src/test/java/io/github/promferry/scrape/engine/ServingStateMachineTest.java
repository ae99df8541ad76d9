package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.scrape.engine.ServingStateMachine.Observation;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A page a second, a patience of three. One letter a page, and under it one of the state that follows. */
final class ServingStateMachineTest {
    private static final long START = 1_700_000_000_000L;
    private static final double NONE = Double.NaN;

    private static final Map<Character, Observation> PAGES = Map.ofEntries(
            Map.entry('s', new Observation(3, 0, 0.4, true, true, false)),
            // Requests wait, or the KV cache is full.
            Map.entry('w', new Observation(3, 2, 0.4, true, true, false)),
            Map.entry('k', new Observation(3, 0, 0.97, true, true, false)),
            // No token, while other numbers move or nothing does.
            Map.entry('h', new Observation(3, 0, 0.4, false, true, false)),
            Map.entry('j', new Observation(3, 2, 0.4, false, true, false)),
            Map.entry('q', new Observation(0, 2, 0.4, false, true, false)),
            Map.entry('f', new Observation(3, 0, 0.4, false, false, false)),
            // Idle, with a page that moves by itself or not.
            Map.entry('m', new Observation(0, 0, 0, false, true, false)),
            Map.entry('i', new Observation(0, 0, 0, false, false, false)),
            // Short requests: all over when the page is made.
            Map.entry('p', new Observation(0, 0, 0, true, true, false)),
            Map.entry('R', new Observation(1, 0, 0.1, true, true, true)),
            Map.entry('r', new Observation(0, 0, 0, false, true, true)),
            // An engine without gauges.
            Map.entry('n', new Observation(NONE, NONE, NONE, true, true, false)),
            Map.entry('o', new Observation(NONE, NONE, NONE, false, false, false)));

    private static final Map<Character, ServingState> STATES = Map.of(
            '.', ServingState.STARTING,
            'i', ServingState.IDLE,
            's', ServingState.SERVING,
            'F', ServingState.SATURATED,
            'T', ServingState.STALLED,
            'Z', ServingState.FROZEN,
            'R', ServingState.RESTARTING,
            'D', ServingState.DOWN);

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            two pages make a rate                       | sss                | .ss
            idle without requests                       | iii                | .ii
            work begins and ends                        | iisspii            | .isssii
            work that gauges miss is seen in counters   | ippi               | .ssi
            never answered                              | xxxs s             | ....s
            answers before its engine does              | eess               | ...s
            a queue has to last                         | swwws              | .ssss
            saturated by a queue                        | swwwwws            | .sssFFs
            a queue that ends in between                | swwwswwww          | .sssssssF
            saturated by the KV cache                   | skkkkks            | .sssFFs
            stalled after the patience                  | shhhhh             | .ssTTT
            stalled with all requests waiting           | sqqqq              | .ssTT
            a long step is no stall                     | shhshhs            | .ssssss
            stalled, then goes on                       | shhhhss            | .ssTTss
            no tokens while idle is no stall            | siiiiii            | .iiiiii
            frozen under load                           | sffff              | .ssZZ
            frozen, then goes on                        | sffffss            | .ssZZss
            frozen while idle, its page used to move    | mmmmmmmmmmmmiiii   | .iiiiiiiiiiiiiZZ
            a page that moved now and then may stand    | mmmmmimmmmmiiiii   | .iiiiiiiiiiiiiii
            down and back                               | ssxxss             | .sDDss
            what happened while down is no symptom      | shhxxhhhh          | .ssDDsssT
            a restart                                   | ssRss              | .sRss
            a restart into idleness                     | ssrii              | .sRii
            down, then a restart                        | ssxxRs             | .sDDRs
            twice restarted                             | ssRRs              | .sRRs
            answers without its engine, then restarts   | sseeRs             | .sRRRs
            fails while it restarts                     | ssRxss             | .sRDss
            saturated does not hide a stall             | wwwwwjjjj          | .ssFFFFTT
            without gauges                              | nnoon              | .siis
            """)
    void goesFromPagesToStates(String name, String pages, String states) {
        String given = pages.replace(" ", "");
        ServingStateMachine machine = new ServingStateMachine(3000, 1, 0.95);
        StringBuilder seen = new StringBuilder();
        for (int second = 0; second < given.length(); second++) {
            feed(machine, given.charAt(second), START + 1000L * second);
            seen.append(letter(machine.state()));
        }
        assertThat(seen).hasToString(states);
    }

    private static void feed(ServingStateMachine machine, char page, long now) {
        switch (page) {
            case 'x' -> machine.failed(now);
            case 'e' -> machine.empty(now);
            default -> machine.page(now, PAGES.get(page));
        }
    }

    private static char letter(ServingState state) {
        return STATES.entrySet().stream()
                .filter(entry -> entry.getValue() == state)
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    @Test
    void knowsSinceWhen() {
        ServingStateMachine machine = new ServingStateMachine(3000, 1, 0.95);
        feed(machine, 's', START);
        feed(machine, 's', START + 1000);
        feed(machine, 's', START + 2000);
        assertThat(machine.sinceMillis()).isEqualTo(START + 1000);
    }
}
