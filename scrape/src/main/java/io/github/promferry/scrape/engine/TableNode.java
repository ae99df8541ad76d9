package io.github.promferry.scrape.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** A value in a table of engines that knows its line, so that whatever is wrong with it can be found. */
final class TableNode {
    private final String origin;
    private final Node node;

    private TableNode(String origin, Node node) {
        this.origin = origin;
        this.node = node;
    }

    static TableNode parse(String origin, byte[] table) {
        try {
            String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(table)).toString();
            LoadSettings settings = LoadSettings.builder().setLabel(origin).build();
            Node root = new Compose(settings)
                    .composeString(text)
                    .orElseThrow(() -> new EngineTableException(origin + ": is empty, expected engines: {...}", null));
            return new TableNode(origin, root);
        } catch (CharacterCodingException e) {
            throw new EngineTableException(origin + ": is not valid UTF-8", e);
        } catch (MarkedYamlEngineException e) {
            String line = e.getProblemMark().map(TableNode::line).orElse("");
            throw new EngineTableException(origin + line + ": " + e.getProblem(), e);
        } catch (YamlEngineException e) {
            throw new EngineTableException(origin + ": " + e.getMessage(), e);
        }
    }

    EngineTableException wrong(String what) {
        return new EngineTableException(
                origin + node.getStartMark().map(TableNode::line).orElse("") + ": " + what, null);
    }

    private static String line(Mark mark) {
        return ", line " + (mark.getLine() + 1);
    }

    // Mappings.

    /** Name to value, in the order of the file. */
    Map<String, TableNode> fields() {
        if (!(node instanceof MappingNode mapping)) {
            throw wrong("expected a mapping {key: value}, found " + found());
        }
        Map<String, TableNode> fields = new LinkedHashMap<>();
        for (NodeTuple field : mapping.getValue()) {
            fields.put(child(field.getKeyNode()).text(), child(field.getValueNode()));
        }
        return fields;
    }

    void checkKeys(String... known) {
        fields().forEach((name, value) -> {
            if (!Arrays.asList(known).contains(name)) {
                throw value.wrong("unknown key \"" + name + "\", expected one of " + String.join(", ", known));
            }
        });
    }

    @Nullable
    TableNode optional(String key) {
        return fields().get(key);
    }

    TableNode required(String key) {
        TableNode value = optional(key);
        if (value == null) {
            throw wrong("key \"" + key + "\" is missing");
        }
        return value;
    }

    void ifPresent(String key, Consumer<TableNode> then) {
        TableNode value = optional(key);
        if (value != null) {
            then.accept(value);
        }
    }

    Map<String, String> textFields() {
        Map<String, String> texts = new LinkedHashMap<>();
        fields().forEach((name, value) -> texts.put(name, value.textOrEmpty()));
        return texts;
    }

    // Sequences; a single value counts as a sequence of one.

    List<TableNode> elements() {
        if (!(node instanceof SequenceNode sequence)) {
            return List.of(this);
        }
        List<TableNode> elements = new ArrayList<>();
        sequence.getValue().forEach(element -> elements.add(child(element)));
        return elements;
    }

    <T> List<T> each(Function<TableNode, T> read) {
        return elements().stream().map(read).toList();
    }

    List<String> texts() {
        return each(TableNode::text);
    }

    // Scalars.

    boolean isText() {
        return node instanceof ScalarNode;
    }

    String text() {
        if (!(node instanceof ScalarNode scalar) || scalar.getValue().isEmpty()) {
            throw wrong("expected a text, found " + found());
        }
        return scalar.getValue();
    }

    private String textOrEmpty() {
        return node instanceof ScalarNode scalar && scalar.getValue().isEmpty() ? "" : text();
    }

    boolean flag() {
        String text = text();
        if (!text.equals("true") && !text.equals("false")) {
            throw wrong("expected true or false, found \"" + text + "\"");
        }
        return text.equals("true");
    }

    int port() {
        String text = text();
        if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) > 65535) {
            throw wrong("expected a port from 0 to 65535, found \"" + text + "\"");
        }
        return Integer.parseInt(text);
    }

    double number() {
        return number(text());
    }

    /** Numbers parted by blanks. */
    List<Double> numbers() {
        return Arrays.stream(text().split(" +")).map(this::number).toList();
    }

    private double number(String text) {
        try {
            double number = Double.parseDouble(text);
            if (Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw wrong("expected a number, found \"" + text + "\"");
    }

    /** A constant of an enum, in any case. */
    <E extends Enum<E>> E constant(Class<E> type) {
        return constant(type, text());
    }

    <E extends Enum<E>> E constant(Class<E> type, String name) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name.toUpperCase(Locale.ROOT))) {
                return constant;
            }
        }
        throw wrong("\"" + name + "\" is none of "
                + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT));
    }

    private String found() {
        return node instanceof ScalarNode scalar
                ? scalar.getValue().isEmpty() ? "nothing" : "\"" + scalar.getValue() + "\""
                : node instanceof SequenceNode ? "a list" : "a mapping";
    }

    private TableNode child(Node child) {
        return new TableNode(origin, child);
    }
}
