/* SPDX-License-Identifier: Apache-2.0 */

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes the sources of which there is one for each kind of layer: {@code java LayerSources.java <folder of this file>
 * <folder of generated sources>}.
 *
 * <p>A line of a table is a source: the template with the line's values in place of <code>${...}</code>, and without what
 * stands between {@code #if} and {@code #end} unless the word there ends the line.
 */
final class LayerSources {

    private final Path from;
    private final Path to;
    private final List<Path> written = new ArrayList<>();

    private LayerSources(Path from, Path to) {
        this.from = from;
        this.to = to;
    }

    public static void main(String[] folders) throws IOException {
        Path to = Path.of(folders[1], "org", "lora4j", "dl4j", "layer");
        Files.createDirectories(to);
        LayerSources sources = new LayerSources(Path.of(folders[0]), to);
        sources.write("layers.txt", "LoraLayer.txt", List.of("name", "stock", "running", "weights"));
        sources.write("running.txt", "RunningLayer.txt", List.of("name", "room", "stock"));
        sources.deleteOthers();
    }

    private record Line(List<String> values, List<String> javadoc) {}

    private void write(String table, String template, List<String> columns) throws IOException {
        List<String> text = Files.readAllLines(from.resolve(template));
        for (Line line : lines(table)) {
            Map<String, String> values = new HashMap<>();
            for (int i = 0; i < columns.size(); i++) {
                values.put(columns.get(i), line.values().get(i));
            }
            String stock = values.get("stock");
            values.put("simple", stock.substring(stock.lastIndexOf('.') + 1));
            String running = values.getOrDefault("running", "");
            values.put("updates", running.substring(running.lastIndexOf('.') + 1));
            values.put("doc", javadoc(line.javadoc()));
            String source = chosen(text, line.values());
            for (Map.Entry<String, String> value : values.entrySet()) {
                source = source.replace("${" + value.getKey() + "}", value.getValue());
            }
            write(to.resolve(values.get("name") + ".java"), source);
        }
    }

    private List<Line> lines(String table) throws IOException {
        List<Line> lines = new ArrayList<>();
        for (String line : Files.readAllLines(from.resolve(table))) {
            if (!line.isEmpty() && !line.startsWith("#") && !line.startsWith(" ")) {
                lines.add(new Line(List.of(line.split("[:,] ")), new ArrayList<>()));
            } else if (!lines.isEmpty()) {
                lines.get(lines.size() - 1).javadoc().add(line.strip());
            }
        }
        return lines;
    }

    private static String javadoc(List<String> lines) {
        String text = String.join("\n", lines).strip().replace("\n\n", "\n\n<p>");
        return (" * " + text.replace("\n", "\n * ")).replace(" * \n", " *\n");
    }

    private static String chosen(List<String> template, List<String> words) {
        StringBuilder text = new StringBuilder();
        boolean wanted = true;
        for (String line : template) {
            if (line.startsWith("#")) {
                wanted = line.equals("#end") || words.contains(line.substring("#if ".length()));
            } else if (wanted) {
                text.append(line).append('\n');
            }
        }
        return text.toString();
    }

    /** A source that says the same keeps its time, and so is not compiled again. */
    private void write(Path file, String source) throws IOException {
        written.add(file);
        if (!Files.exists(file) || !Files.readString(file).equals(source)) {
            Files.writeString(file, source);
        }
    }

    private void deleteOthers() throws IOException {
        try (Stream<Path> files = Files.list(to)) {
            for (Path file : files.filter(other -> !written.contains(other)).toList()) {
                Files.delete(file);
            }
        }
    }
}
