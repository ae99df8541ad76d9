package io.github.promferry.examples.config;

import io.github.promferry.examples.config.ConfigFile.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A mapping of the file, checked against the table of its keys when it is made. Reading a value never throws: what is
 * wrong becomes an error with its line, and the caller goes on with the default, so that the user sees every error at
 * once.
 */
final class Block {
    private final ConfigFile file;
    private final String path;
    private final Place place;
    private final Expansion expansion;
    private final Map<String, NodeTuple> entries;

    private Block(ConfigFile file, String path, Place place, Expansion expansion, Map<String, NodeTuple> entries) {
        this.file = file;
        this.path = path;
        this.place = place;
        this.expansion = expansion;
        this.entries = entries;
    }

    /** The root of a file; its keys are checked. */
    static Block root(ConfigFile file, MappingNode node, Expansion expansion, KeyTable table) {
        Block block = new Block(file, "", Place.of(node), expansion, entries(file, "", node));
        block.check(table);
        return block;
    }

    /** The names of a mapping's keys, to tell what kind of file it is. */
    static List<String> keyNames(MappingNode node) {
        List<String> names = new ArrayList<>();
        for (NodeTuple tuple : node.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key) {
                names.add(key.getValue());
            }
        }
        return names;
    }

    /** Where the block begins. */
    Place place() {
        return place;
    }

    /** Where the value of a key is, or where the block begins if the key is missing. */
    Place place(String key) {
        NodeTuple entry = entries.get(key);
        return entry == null ? place : Place.of(entry.getValueNode());
    }

    /** Where a key is written, or where the block begins if it is missing. */
    Place keyPlace(String key) {
        NodeTuple entry = entries.get(key);
        return entry == null ? place : Place.of(entry.getKeyNode());
    }

    /** How messages call a key of this block, such as {@code scrape_configs[0].job_name}. */
    String path(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    String path() {
        return path;
    }

    ConfigFile file() {
        return file;
    }

    /** The keys that are written, in their order. */
    List<String> keys() {
        return List.copyOf(entries.keySet());
    }

    /** Whether the key is written and its value is not null. */
    boolean has(String key) {
        return value(key) != null;
    }

    void error(String key, String message) {
        file.error(place(key), path(key) + ": " + message);
    }

    /** What the library refuses, in its words; they show no secret. */
    void error(String key, IllegalArgumentException refused) {
        error(key, String.valueOf(refused.getMessage()));
    }

    void warning(String key, String message) {
        file.warning(keyPlace(key), path(key) + " " + message);
    }

    @Nullable
    String string(String key) {
        return read(key, Function.identity());
    }

    String string(String key, String otherwise) {
        String value = string(key);
        return value == null ? otherwise : value;
    }

    /** A string that must be there and not empty; "" after an error. */
    String required(String key) {
        if (!has(key)) {
            file.error(place, (path.isEmpty() ? "the file" : path) + ": " + key + " is missing");
            return "";
        }
        String value = string(key);
        if (value != null && value.isEmpty()) {
            error(key, "must not be empty");
        }
        return value == null ? "" : value;
    }

    boolean flag(String key, boolean otherwise) {
        Boolean value = read(key, Block::parseBoolean);
        return value == null ? otherwise : value;
    }

    @Nullable
    Duration duration(String key, DurationFormat format) {
        return read(key, format::parse);
    }

    Duration duration(String key, DurationFormat format, Duration otherwise) {
        Duration value = duration(key, format);
        return value == null ? otherwise : value;
    }

    /** A whole number that is not negative. */
    int count(String key, int otherwise) {
        Integer value = read(key, Block::parseCount);
        return value == null ? otherwise : value;
    }

    long bytes(String key, long otherwise) {
        Long value = read(key, ByteSize::parse);
        return value == null ? otherwise : value;
    }

    double number(String key, double otherwise) {
        Double value = read(key, Block::parseNumber);
        return value == null ? otherwise : value;
    }

    /**
     * A value of any type.
     *
     * @param parse turns the expanded text into the value, or throws IllegalArgumentException with a message that does
     *     not repeat the text
     * @return null if the key is missing or its value wrong, which is then an error of the file
     */
    <T> @Nullable T read(String key, Function<String, T> parse) {
        Node value = value(key);
        return value == null ? null : scalar(value, path(key), parse);
    }

    /** A list of strings; a missing key is the empty list. */
    List<String> strings(String key) {
        return texts(key).stream().map(Text::value).toList();
    }

    /** A string of a list, with its place for messages. */
    record Text(String value, String path, Place place) {}

    /** A list of strings with their places. */
    List<Text> texts(String key) {
        List<Text> texts = new ArrayList<>();
        int index = 0;
        for (Node element : sequence(key)) {
            String elementPath = path(key) + "[" + index++ + "]";
            String text = scalar(element, elementPath, Function.identity());
            if (text != null) {
                texts.add(new Text(text, elementPath, Place.of(element)));
            }
        }
        return texts;
    }

    /** A mapping of free names to strings, such as labels or headers; a missing key is the empty map. */
    Map<String, String> stringMap(String key) {
        return stringMap(key, expansion);
    }

    Map<String, String> stringMap(String key, Expansion ofValues) {
        Map<String, String> map = new LinkedHashMap<>();
        Block block = openBlock(key, ofValues);
        for (String name : block.keys()) {
            String value = block.string(name);
            if (value != null) {
                map.put(name, value);
            }
        }
        return map;
    }

    /** A block of known keys; a missing one is empty. */
    Block block(String key, KeyTable table) {
        Block block = openBlock(key, expansion);
        block.check(table);
        return block;
    }

    /** A block whose keys are names that the user chose. */
    Block openBlock(String key) {
        return openBlock(key, expansion);
    }

    /** A list of blocks; a missing key is the empty list. */
    List<Block> blocks(String key, KeyTable table) {
        return blocks(key, table, expansion);
    }

    List<Block> blocks(String key, KeyTable table, Expansion ofValues) {
        List<Block> blocks = new ArrayList<>();
        int index = 0;
        for (Node element : sequence(key)) {
            String elementPath = path(key) + "[" + index++ + "]";
            if (element instanceof MappingNode mapping) {
                Block block =
                        new Block(file, elementPath, Place.of(element), ofValues, entries(file, elementPath, mapping));
                block.check(table);
                blocks.add(block);
            } else {
                file.error(Place.of(element), elementPath + ": expected keys and values, found " + kind(element));
            }
        }
        return blocks;
    }

    private Block openBlock(String key, Expansion ofValues) {
        Node value = value(key);
        String blockPath = path(key);
        if (value == null) {
            return new Block(file, blockPath, keyPlace(key), ofValues, Map.of());
        }
        if (value instanceof MappingNode mapping) {
            return new Block(file, blockPath, keyPlace(key), ofValues, entries(file, blockPath, mapping));
        }
        error(key, "expected keys and values, found " + kind(value));
        return new Block(file, blockPath, keyPlace(key), ofValues, Map.of());
    }

    private List<Node> sequence(String key) {
        Node value = value(key);
        if (value == null) {
            return List.of();
        }
        if (value instanceof SequenceNode sequence) {
            return sequence.getValue();
        }
        error(key, "expected a list, found " + kind(value));
        return List.of();
    }

    private void check(KeyTable table) {
        for (Map.Entry<String, NodeTuple> entry : entries.entrySet()) {
            String name = entry.getKey();
            KeyTable.Key key = table.key(name);
            if (key == null) {
                String where = path.isEmpty() ? "" : " in " + path;
                file.error(keyPlace(name), "unknown key \"" + name + "\"" + where + "; " + table.hint(name));
            } else if (!isHarmless(key, entry.getValue().getValueNode())) {
                switch (key.effect()) {
                    case USED -> {}
                    case NONE -> warning(name, "has no effect here: " + key.note());
                    case REFUSED -> file.error(keyPlace(name), path(name) + " is not supported: " + key.note());
                }
            }
        }
    }

    private static boolean isHarmless(KeyTable.Key key, Node value) {
        if (value instanceof ScalarNode scalar) {
            return isNull(scalar) || key.harmless().contains(scalar.getValue());
        }
        if (value instanceof MappingNode mapping) {
            List<NodeTuple> inner = mapping.getValue();
            return inner.isEmpty()
                    || (inner.size() == 1
                            && inner.get(0).getKeyNode() instanceof ScalarNode name
                            && inner.get(0).getValueNode() instanceof ScalarNode scalar
                            && key.harmless().contains(name.getValue() + ": " + scalar.getValue()));
        }
        return ((SequenceNode) value).getValue().isEmpty();
    }

    private @Nullable Node value(String key) {
        NodeTuple entry = entries.get(key);
        return entry == null || isNull(entry.getValueNode()) ? null : entry.getValueNode();
    }

    private <T> @Nullable T scalar(Node node, String valuePath, Function<String, T> parse) {
        if (!(node instanceof ScalarNode scalar)) {
            file.error(Place.of(node), valuePath + ": expected a single value, found " + kind(node));
            return null;
        }
        String text = file.expand(scalar.getValue(), expansion, Place.of(node), valuePath);
        if (text == null) {
            return null;
        }
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            // The text as written: what a variable holds may be a secret.
            file.error(Place.of(node), valuePath + ": \"" + scalar.getValue() + "\": " + e.getMessage());
            return null;
        }
    }

    private static boolean isNull(Node node) {
        return node.getTag().equals(Tag.NULL);
    }

    private static String kind(Node node) {
        if (node instanceof MappingNode) {
            return "keys and values";
        }
        return node instanceof SequenceNode ? "a list" : "a single value";
    }

    private static Map<String, NodeTuple> entries(ConfigFile file, String path, MappingNode node) {
        Map<String, NodeTuple> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : node.getValue()) {
            Place place = Place.of(tuple.getKeyNode());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                file.error(place, (path.isEmpty() ? "" : path + ": ") + "a key must be a single value");
                continue;
            }
            NodeTuple earlier = entries.putIfAbsent(key.getValue(), tuple);
            if (earlier != null) {
                file.error(
                        place,
                        "key \"" + key.getValue() + "\"" + (path.isEmpty() ? "" : " in " + path)
                                + " is repeated; it is first on line "
                                + Place.of(earlier.getKeyNode()).line());
            }
        }
        return entries;
    }

    private static Boolean parseBoolean(String text) {
        // The words of YAML 1.1, which both originals still take.
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on" -> true;
            case "false", "no", "off" -> false;
            default -> throw new IllegalArgumentException("expected true or false");
        };
    }

    private static Integer parseCount(String text) {
        try {
            int value = Integer.parseInt(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new IllegalArgumentException("expected a whole number from 0 to " + Integer.MAX_VALUE);
    }

    private static Double parseNumber(String text) {
        try {
            double value = Double.parseDouble(text);
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new IllegalArgumentException("expected a number");
    }
}
