package io.github.promferry.scrape.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads a list of target groups, {@code [{"targets": ["host:port"], "labels": {"name": "value"}}]}, from JSON or YAML. JSON
 * is read as the YAML it is, but no further: its strings have to be quoted.
 *
 * <p>Walks the events of the YAML parser instead of building a tree: depth is bounded by what the format allows, whatever
 * the input nests, and each error knows its line.
 */
final class TargetGroupReader {
    /** Some 80 000 targets; more than that is a mistake. */
    static final int MAX_BYTES = 16 << 20;

    /** Which of the two the text has to be. */
    enum Format {
        JSON,
        YAML
    }

    private final String origin;
    private final Format format;
    private final Labels metaLabels;
    private final Iterator<Event> events;
    private Event event;

    private TargetGroupReader(String origin, Format format, Labels metaLabels, Iterator<Event> events) {
        this.origin = origin;
        this.format = format;
        this.metaLabels = metaLabels;
        this.events = events;
        this.event = events.next();
    }

    /**
     * Reads all groups.
     *
     * @param origin begins every error message and, with the group's index, is its source
     * @param metaLabels added to each group's labels, and winning over them
     * @throws TargetFormatException if the text is anything else than a list of groups; the message has origin and line
     */
    static List<TargetGroup> read(String origin, Format format, byte[] bytes, Labels metaLabels)
            throws TargetFormatException {
        String text;
        try {
            text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new TargetFormatException(origin + ": is not valid UTF-8", e);
        }
        if (text.startsWith("\uFEFF")) {
            text = text.substring(1);
        }
        if (format == Format.JSON) {
            // JSON allows tabs between its parts, which YAML does not; within its strings a tab is always escaped.
            text = text.replace('\t', ' ');
        }
        LoadSettings settings = LoadSettings.builder()
                .setLabel(origin)
                .setCodePointLimit(MAX_BYTES)
                // All at once: snakeyaml-engine 2.10 fails where a buffer's end parts a surrogate pair.
                .setBufferSize(text.length() + 1)
                .build();
        try {
            Iterator<Event> events = new Parse(settings).parseString(text).iterator();
            return new TargetGroupReader(origin, format, metaLabels, events).document();
        } catch (MarkedYamlEngineException e) {
            String line = e.getProblemMark()
                    .map(mark -> ", line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1))
                    .orElse("");
            throw new TargetFormatException(origin + line + ": " + e.getProblem(), e);
        } catch (YamlEngineException e) {
            throw new TargetFormatException(origin + ": " + e.getMessage(), e);
        }
    }

    private List<TargetGroup> document() throws TargetFormatException {
        take(Event.ID.StreamStart);
        if (event.getEventId() == Event.ID.StreamEnd) {
            // A file that is just being written anew must not take all targets away.
            throw wrong("is empty; an empty list of groups is written []");
        }
        take(Event.ID.DocumentStart);
        List<TargetGroup> groups = groups();
        take(Event.ID.DocumentEnd);
        if (event.getEventId() != Event.ID.StreamEnd) {
            throw wrong("a second document begins; put all groups into one list");
        }
        return groups;
    }

    private List<TargetGroup> groups() throws TargetFormatException {
        begin(Event.ID.SequenceStart, "a list of groups [{targets: [...], labels: {...}}]");
        List<TargetGroup> groups = new ArrayList<>();
        while (event.getEventId() != Event.ID.SequenceEnd) {
            groups.add(group(origin + ":" + groups.size()));
        }
        take(Event.ID.SequenceEnd);
        return groups;
    }

    private TargetGroup group(String source) throws TargetFormatException {
        begin(Event.ID.MappingStart, "a group {targets: [...], labels: {...}}");
        List<Labels> targets = null;
        Labels labels = null;
        while (event.getEventId() != Event.ID.MappingEnd) {
            Event at = event;
            String field = string("a field name");
            if (field.equals("targets") && targets == null) {
                targets = targets();
            } else if (field.equals("labels") && labels == null) {
                labels = labels();
            } else if (field.equals("targets") || field.equals("labels")) {
                throw wrong(at, "field \"" + field + "\" is given twice in one group");
            } else {
                throw wrong(at, "unknown field \"" + field + "\", expected targets or labels");
            }
        }
        take(Event.ID.MappingEnd);
        return new TargetGroup(
                source,
                targets == null ? List.of() : targets,
                metaLabels.withDefaults(labels == null ? Labels.EMPTY : labels));
    }

    private List<Labels> targets() throws TargetFormatException {
        List<Labels> targets = new ArrayList<>();
        if (takeNull()) {
            return targets;
        }
        begin(Event.ID.SequenceStart, "a list of addresses");
        while (event.getEventId() != Event.ID.SequenceEnd) {
            targets.add(labels(event, Map.of(TargetGroup.ADDRESS, string("an address host:port"))));
        }
        take(Event.ID.SequenceEnd);
        return targets;
    }

    private Labels labels() throws TargetFormatException {
        if (takeNull()) {
            return Labels.EMPTY;
        }
        Event at = event;
        begin(Event.ID.MappingStart, "labels {name: value}");
        Map<String, String> labels = new LinkedHashMap<>();
        while (event.getEventId() != Event.ID.MappingEnd) {
            Event nameAt = event;
            String name = string("a label name");
            if (labels.put(name, string("the value of label " + name)) != null) {
                throw wrong(nameAt, "label \"" + name + "\" is given twice in one group");
            }
        }
        take(Event.ID.MappingEnd);
        return labels(at, labels);
    }

    private Labels labels(Event at, Map<String, String> labels) throws TargetFormatException {
        try {
            return Labels.of(labels);
        } catch (IllegalArgumentException e) {
            throw wrong(at, String.valueOf(e.getMessage()));
        }
    }

    private void begin(Event.ID kind, String expected) throws TargetFormatException {
        boolean flow = !(event instanceof SequenceStartEvent sequence && !sequence.isFlow())
                && !(event instanceof MappingStartEvent mapping && !mapping.isFlow());
        if (event.getEventId() != kind || (format == Format.JSON && !flow)) {
            throw wrong("expected " + expected + ", found " + found());
        }
        take(kind);
    }

    /** The text of a scalar: in YAML numbers and booleans count as the text they are. */
    private String string(String expected) throws TargetFormatException {
        if (!(event instanceof ScalarEvent scalar)
                || isNull(scalar)
                || (format == Format.JSON && scalar.getScalarStyle() != ScalarStyle.DOUBLE_QUOTED)) {
            throw wrong(
                    "expected " + expected + (format == Format.JSON ? " in double quotes" : "") + ", found " + found());
        }
        take(Event.ID.Scalar);
        return scalar.getValue();
    }

    private boolean takeNull() {
        if (event instanceof ScalarEvent scalar && isNull(scalar)) {
            take(Event.ID.Scalar);
            return true;
        }
        return false;
    }

    private static boolean isNull(ScalarEvent scalar) {
        return scalar.getScalarStyle() == ScalarStyle.PLAIN && scalar.getValue().matches("|~|null|Null|NULL");
    }

    private String found() {
        if (event instanceof ScalarEvent scalar) {
            return isNull(scalar) ? "null" : "\"" + scalar.getValue() + "\"";
        }
        return switch (event.getEventId()) {
            case SequenceStart -> "a list";
            case MappingStart -> "a mapping";
            case Alias -> "an alias (write it out)";
            default -> "the end";
        };
    }

    private void take(Event.ID kind) {
        if (event.getEventId() != kind) {
            throw new IllegalStateException("expected " + kind + " but the parser gave " + event);
        }
        event = events.next();
    }

    private TargetFormatException wrong(String what) {
        return wrong(event, what);
    }

    private TargetFormatException wrong(Event at, String what) {
        String line = at.getStartMark()
                .map(Mark::getLine)
                .map(number -> ", line " + (number + 1))
                .orElse("");
        return new TargetFormatException(origin + line + ": " + what, null);
    }
}
