/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.report.TrainingReport;
import org.lora4j.train.ProgressListener;
import org.lora4j.trust.Receipt;

/**
 * A run of one of the programs: what it was called with, where its data is, and what it leaves: {@code report.json} with all
 * figures, pages, receipts. Arguments of each program: the folder {@code lora4j.shared}, the folder for the results,
 * {@code full}, the seed; then those of its own.
 */
public final class Example {

    /** What a program does. */
    @FunctionalInterface
    public interface Program {

        /**
         * Does it.
         *
         * @param example the run
         * @throws IOException if a file cannot be read or written
         */
        void run(Example example) throws IOException;
    }

    private static final int COMMON = 4;
    private static final int DRAWS = 3;

    private final String name;
    private final Arguments given;
    private final Path shared;
    private final Path folder;
    private final boolean full;
    private final long seed;
    private final PrintStream out;
    private final long start = System.nanoTime();
    private final Map<String, Object> figures = new LinkedHashMap<>();

    Example(String name, PrintStream out, String... args) throws IOException {
        this.name = name;
        this.out = out;
        given = new Arguments(args);
        shared = given.path(0, "../shared");
        folder = Arguments.created(given.path(1, "target/" + name), "example.output");
        full = given.isTrue(2, "example.full");
        seed = given.number(3, "example.seed", 0, 42);
    }

    /**
     * Runs a program. Ends with status 1 and one line if a file is not what it has to be, or the folder cannot be written.
     *
     * @param name the name of its profile, such as {@code example-code}
     * @param args what it was called with
     * @param program what it does
     */
    public static void main(String name, String[] args, Program program) {
        Locale.setDefault(Locale.ROOT);
        try {
            Example example = new Example(name, System.out, args);
            program.run(example);
            example.end();
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println(name + ": " + e.getMessage());
            System.exit(1);
        }
    }

    /**
     * Whether the longer run was asked for: {@code -Dexample.full}.
     *
     * @return true for three seeds, all data and full fine-tuning
     */
    public boolean full() {
        return full;
    }

    /**
     * The seed of the run.
     *
     * @return 42, or {@code -Dexample.seed}
     */
    public long seed() {
        return seed;
    }

    /**
     * The seeds of what is drawn several times.
     *
     * @return the seed; three with {@code -Dexample.full}
     */
    public List<Long> seeds() {
        return LongStream.range(seed, seed + (full ? DRAWS : 1)).boxed().toList();
    }

    /**
     * An argument of the program's own.
     *
     * @param index position behind the common ones
     * @param absent what it is if it was not given or is blank
     * @return the argument
     */
    public String argument(int index, String absent) {
        String[] values = given.values();
        int at = COMMON + index;
        return at < values.length && !values[at].isBlank() ? values[at] : absent;
    }

    /**
     * A whole number among the program's own arguments.
     *
     * @param index position behind the common ones
     * @param property what it is called in messages
     * @param least the smallest that is allowed
     * @param absent what it is if it was not given
     * @return the number
     */
    public int number(int index, String property, int least, int absent) {
        return Math.toIntExact(given.number(COMMON + index, property, least, absent));
    }

    /**
     * Where the results go.
     *
     * @return a folder that is there
     */
    public Path folder() {
        return folder;
    }

    /**
     * Tells how far the run is, with the seconds since its start.
     *
     * @param line a format, as of {@link String#format(String, Object...)}
     * @param values what stands in it
     */
    public void say(String line, Object... values) {
        out.printf(
                Locale.ROOT,
                "[%4.0f s] %s%n",
                seconds(),
                values.length == 0 ? line : String.format(Locale.ROOT, line, values));
    }

    /**
     * Tells how far a training is.
     *
     * @param training what stands before each line
     * @return a listener of its epochs
     */
    public ProgressListener progress(String training) {
        return ProgressListener.to(line -> say("%s: %s", training, line));
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /**
     * Finds a file of published data: among the resources ({@code org/lora4j/examples/SET/NAME}, also with {@code .gz} behind the
     * name), else in {@code data/SET/NAME} of the folder {@code lora4j.shared}. If it is nowhere, one line says what is missing
     * and where it comes from, and the program leaves out what needs it.
     *
     * @param file the file
     * @return where it is; empty if it is absent
     * @throws IOException if it cannot be read, or is not the one that was published
     */
    public Optional<Path> data(DataFile file) throws IOException {
        Optional<Path> packaged = packaged(file);
        Path found = packaged.isPresent()
                ? packaged.get()
                : shared.resolve("data").resolve(file.set()).resolve(file.name());
        return Files.isRegularFile(found)
                ? sound(file, found)
                : absent(
                        file,
                        "no file " + found.toAbsolutePath().normalize(),
                        "Name the folder that has data/" + file.set() + ": -Dlora4j.shared=FOLDER");
    }

    /**
     * Finds a jar of the class path. If it is not there, one line says what is missing and where it comes from, and the program leaves
     * out what needs it.
     *
     * @param jar the jar
     * @param resource what it has
     * @return where it is; empty if it is absent
     * @throws IOException if it cannot be read, or is not the one that was published
     */
    public Optional<Path> jar(DataFile jar, String resource) throws IOException {
        URL found = Example.class.getClassLoader().getResource(resource);
        return found != null && found.openConnection() instanceof JarURLConnection inside
                ? sound(jar, Path.of(URI.create(inside.getJarFileURL().toString())))
                : absent(jar, "no " + resource + " on the class path", "Run it with mvn -P" + name + " verify");
    }

    private Optional<Path> absent(DataFile file, String missing, String remedy) {
        out.println(name + ": skipped what needs " + file.name() + ": " + missing + ". It comes from " + file.origin()
                + ". " + remedy);
        return Optional.empty();
    }

    private static Optional<Path> sound(DataFile file, Path found) throws IOException {
        String sum = sha256(Files.readAllBytes(found));
        if (!sum.equals(file.sha256())) {
            throw new IOException("file " + found.toAbsolutePath().normalize() + ": its sha256 is " + sum
                    + "; expected " + file.sha256() + ". Fetch it again: it comes from " + file.origin());
        }
        return Optional.of(found);
    }

    private Optional<Path> packaged(DataFile file) throws IOException {
        String resource = "/org/lora4j/examples/" + file.set() + "/" + file.name();
        try (InputStream plain = Example.class.getResourceAsStream(resource);
                InputStream packed = Example.class.getResourceAsStream(resource + ".gz")) {
            if (plain == null && packed == null) {
                return Optional.empty();
            }
            Path copy = Files.createDirectories(folder.resolve("data").resolve(file.set()))
                    .resolve(file.name());
            Files.write(copy, plain != null ? plain.readAllBytes() : new GZIPInputStream(packed).readAllBytes());
            return Optional.of(copy);
        } catch (ZipException | EOFException e) {
            throw new IOException(
                    "resource " + resource + ".gz: " + e.getMessage()
                            + "; expected a whole file. Fetch it again: it comes from " + file.origin(),
                    e);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /**
     * Puts a figure into {@code report.json}.
     *
     * @param figure its name
     * @param value a number, a text, a list, a map or a record
     */
    public void figure(String figure, Object value) {
        figures.put(figure, value);
    }

    /**
     * Prints a table with what it says of LoRA, and puts both into {@code report.json}.
     *
     * @param table what was compared
     */
    public void table(Comparison table) {
        out.printf(Locale.ROOT, "%n%s%n%s%n%n", table, table.verdict());
        figures.put(table.title(), table.values());
    }

    /**
     * Writes a page beside the other results.
     *
     * @param page its name, without an ending
     * @param report what stands on it
     * @return the file
     * @throws IOException if it cannot be written
     */
    public Path page(String page, TrainingReport report) throws IOException {
        Path file = report.overwrite(folder.resolve(page + ".html"));
        say("page: " + file);
        return file;
    }

    /**
     * Keeps a receipt beside the other results, and prints what it is about.
     *
     * @param of what it belongs to, without an ending
     * @param receipt the receipt
     * @throws IOException if it cannot be written
     */
    public void receipt(String of, Receipt receipt) throws IOException {
        Path file = folder.resolve(of + "." + Receipt.FILE);
        Files.writeString(file, receipt.json());
        say("receipt: %s (%s)", file, receipt);
    }

    void end() throws IOException {
        figures.put("seed", seed);
        figures.put("full", full);
        figures.put("seconds", seconds());
        Path file = folder.resolve("report.json");
        ReportFile.write(file, figures);
        say("figures: " + file);
    }
}
