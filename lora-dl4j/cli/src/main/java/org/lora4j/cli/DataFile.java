/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.TemporaryFolder;
import org.lora4j.internal.format.table.BadLines;
import org.lora4j.internal.format.table.CsvRows;
import org.lora4j.internal.format.table.GuessedCharset;
import org.lora4j.internal.format.table.JsonLines;
import org.lora4j.internal.format.table.JsonRows;

/**
 * The rows of a file of examples, with the lines in which they begin. <b>State.</b> Immutable.
 *
 * @param name the file as the user knows it
 * @param rows its rows
 * @param columns names in the first line of a table, or all names of JSON
 * @param skipped how many rows could not be read and were left out
 */
record DataFile(String name, List<DataRow> rows, Set<String> columns, long skipped) {

    /** Rows are held in memory, texts as Java has them: about three times their bytes. */
    private static final double SHARE_OF_MEMORY = 0.25;

    private static final int SHOWN_BAD = 5;
    private static final Pattern UNNAMED = Pattern.compile("column \\d+");

    /** How a file of examples is written. */
    enum Format {
        CSV,
        TSV,
        JSONL,
        JSON,
        CONLL,
        LINES;

        static Format of(String name) {
            for (Format format : values()) {
                if (format.name().equalsIgnoreCase(name)) {
                    return format;
                }
            }
            throw CliException.usage("format " + MessageText.name(name) + ": expected csv, tsv, jsonl, json or conll");
        }

        static Format ofName(Path file) {
            String name =
                    String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
            String end = name.substring(name.lastIndexOf('.') + 1);
            return switch (end) {
                case "tsv", "tab" -> TSV;
                case "jsonl", "ndjson" -> JSONL;
                case "json" -> JSON;
                case "conll", "conllu", "bio", "iob" -> CONLL;
                default -> CSV;
            };
        }
    }

    /** How a file is to be read, as settings say. */
    record Reading(Format format, String separator, String charset, long skipBad) {

        static Reading of(Path file, CliSettings settings) {
            return new Reading(
                    settings.text(Setting.FORMAT).map(Format::of).orElseGet(() -> Format.ofName(file)),
                    settings.text(Setting.SEPARATOR).orElse(""),
                    settings.text(Setting.CHARSET).orElse(""),
                    settings.wide(Setting.SKIP_BAD).orElse(0));
        }
    }

    /** Reads a file whose rows have names. */
    static DataFile read(Path file, Reading reading, Terminal terminal) {
        try (Opened opened = Opened.of(file)) {
            return new Rows(file, opened.path(), reading, terminal).read();
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    /** Lines of text, each a row. */
    static DataFile lines(String name, List<String> lines) {
        List<DataRow> rows = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            rows.add(new DataRow(i + 1L, Map.of("text", lines.get(i))));
        }
        return new DataFile(name, rows, Set.of("text"), 0);
    }

    /** The file itself, or what a compressed one holds. */
    record Opened(Path path, AutoCloseable folder) implements AutoCloseable {

        static Opened of(Path file) throws IOException {
            if (Files.isDirectory(file)) {
                throw CliException.input(MessageText.path(file) + " is a directory; expected a file of examples");
            }
            RegularFile.require(file, "a file of examples");
            long most = room();
            requireRoom(file, Files.size(file), most);
            if (!String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".gz")) {
                return new Opened(file, () -> {});
            }
            TemporaryFolder folder = TemporaryFolder.create();
            try (InputStream in = RegularFile.open(file, "a file of examples");
                    InputStream unzipped = new GZIPInputStream(in)) {
                folder.add("rows", new Bounded(unzipped, file, most));
                return new Opened(folder.folder().resolve("rows"), folder);
            } catch (ZipException | EOFException e) {
                folder.close();
                throw CliException.input(MessageText.path(file) + ": it is no sound .gz file: " + e.getMessage());
            } catch (IOException | RuntimeException e) {
                folder.close();
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            try {
                folder.close();
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    /** How many bytes of examples are held in memory. */
    static long room() {
        return (long) (Runtime.getRuntime().maxMemory() * SHARE_OF_MEMORY);
    }

    private static void requireRoom(Path file, long bytes, long most) {
        if (bytes > most) {
            throw CliException.input(
                    MessageText.path(file) + " has " + size(bytes) + "; examples are held in memory, and of "
                            + size(Runtime.getRuntime().maxMemory()) + " there is room for " + size(most)
                            + ". Take a part of the rows, or more memory: JAVA_OPTS=-Xmx32g lora4j ...");
        }
    }

    static String size(long bytes) {
        return bytes < 10_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : bytes < 1_000_000_000
                        ? String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)
                        : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }

    /** A stream that refuses to be longer than it may be. */
    private static final class Bounded extends FilterInputStream {

        private final Path file;
        private final long most;
        private long count;

        Bounded(InputStream in, Path file, long most) {
            super(in);
            this.file = file;
            this.most = most;
        }

        @Override
        public int read() throws IOException {
            int b = super.read();
            count(b < 0 ? 0 : 1);
            return b;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            int read = super.read(bytes, from, length);
            count(Math.max(0, read));
            return read;
        }

        private void count(int more) {
            count += more;
            requireRoom(file, count, most);
        }
    }

    /** Reads the rows of one file. */
    private static final class Rows {

        private final Path file;
        private final Path source;
        private final Reading reading;
        private final Terminal terminal;
        private final List<DataRow> rows = new ArrayList<>();
        private final Set<String> columns = new LinkedHashSet<>();
        private final List<String> reasons = new ArrayList<>();
        private final BadLines bad = new BadLines(SHOWN_BAD, reasons::add);

        Rows(Path file, Path source, Reading reading, Terminal terminal) {
            this.file = file;
            this.source = source;
            this.reading = reading;
            this.terminal = terminal;
        }

        DataFile read() throws IOException {
            String name = MessageText.path(file);
            try {
                switch (reading.format()) {
                    case CSV, TSV -> table();
                    case JSONL -> JsonLines.read(source, charset(), bad, () -> false, this::add);
                    case JSON -> JsonRows.read(source, charset(), bad, () -> false, this::add);
                    default ->
                        throw CliException.input(
                                name + ": " + reading.format().name().toLowerCase(Locale.ROOT)
                                        + " has no columns; expected csv, tsv, jsonl or json");
                }
            } catch (CharacterCodingException e) {
                throw CliException.input(name + ": " + e.getMessage()
                        + ". Say how it is written: --set charset=ISO-8859-1, or save it as UTF-8");
            }
            long skipped = reasons.size() + bad.unexplained();
            if (skipped > reading.skipBad()) {
                throw CliException.input(name + ": " + skipped + (skipped == 1 ? " row" : " rows")
                        + " cannot be read: " + String.join("; ", reasons)
                        + (bad.unexplained() > 0 ? "; and " + bad.unexplained() + " more" : "")
                        + ". Correct them, or leave them out: --skip-bad " + skipped);
            }
            if (skipped > 0) {
                terminal.note(name + ": " + skipped + (skipped == 1 ? " row was" : " rows were") + " left out: "
                        + String.join("; ", reasons)
                        + (bad.unexplained() > 0 ? "; and " + bad.unexplained() + " more" : ""));
            }
            if (rows.isEmpty()) {
                throw CliException.input(name + " has no rows"
                        + (columns.isEmpty() ? "; it is empty" : " below its header: " + Problems.quoted(columns)));
            }
            return new DataFile(name, List.copyOf(rows), Collections.unmodifiableSet(columns), skipped);
        }

        private void add(JsonLines.Line line) {
            columns.addAll(line.fields().keySet());
            rows.add(new DataRow(line.number(), line.fields()));
        }

        private void table() throws IOException {
            Charset charset = charset();
            char separator = separator(charset);
            List<String> names = CsvRows.read(source, separator, charset, bad, () -> false, this::add);
            columns.addAll(names);
            // Spreadsheets write empty columns beside those that have names.
            columns.removeIf(name -> UNNAMED.matcher(name).matches()
                    && rows.stream()
                            .allMatch(row ->
                                    String.valueOf(row.fields().get(name)).isBlank()));
        }

        private Charset charset() throws IOException {
            if (!reading.charset().isEmpty()) {
                try {
                    return Charset.forName(reading.charset());
                } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
                    throw CliException.usage("charset " + MessageText.name(reading.charset())
                            + ": there is none of this name; such as UTF-8 or ISO-8859-1");
                }
            }
            GuessedCharset found = GuessedCharset.of(source);
            if (found.isGuess()) {
                terminal.note(MessageText.path(file) + " is not UTF-8; it was read as " + found.charset()
                        + ", which is a guess. --set charset=NAME tells it");
            }
            return found.charset();
        }

        private char separator(Charset charset) throws IOException {
            String given = reading.separator().equals("\\t") ? "\t" : reading.separator();
            if (given.length() > 1) {
                throw CliException.usage("separator " + MessageText.name(given) + ": expected one character");
            }
            if (!given.isEmpty()) {
                return given.charAt(0);
            }
            return reading.format() == Format.TSV ? '\t' : CsvRows.separator(source, charset);
        }
    }

    /** Refuses columns that are not there, all of them in one message. */
    void require(List<String> names) {
        List<String> missing =
                names.stream().filter(name -> !columns.contains(name)).toList();
        if (!missing.isEmpty()) {
            throw CliException.input((missing.size() == 1 ? "column " : "columns ") + singly(missing)
                    + (missing.size() == 1 ? " is not in " : " are not in ") + name + "; there are: "
                    + MessageText.values(columns) + " (line 1)"
                    + ClosestNames.hint(missing.get(0), columns));
        }
    }

    private static String singly(List<String> names) {
        return String.join(
                ", ",
                names.stream().map(name -> "'" + MessageText.value(name) + "'").toList());
    }

    /** The same file with other rows. */
    DataFile with(List<DataRow> others) {
        return new DataFile(name, List.copyOf(others), columns, skipped);
    }
}
