/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.onednn.BlasProduct;
import org.lora4j.internal.onednn.DnnlLibrary;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The choice for this processor: what the property {@value #PROPERTY} says; else what was measured here before, from a file in the
 * user's cache; else the row of the table below for its instructions. Read once, before the first product.
 */
final class ProductChoices {

    /** {@code shipped} for the table below, or what {@link ProductChoice#parse} reads. */
    static final String PROPERTY = "lora4j.products";

    private static final Logger LOG = LoggerFactory.getLogger(OneDnn.class);

    private static final String SHIPPED = "shipped";
    private static final String FILE = "products.json";
    private static final int MOST_BYTES = 1 << 16;
    private static final int MOST_KINDS = 100;

    /**
     * By oneDNN's name of the instructions that it uses; all others are fastest with oneDNN alone. Measured by {@link
     * ProductMeasurement}, see {@code docs/decisions/0050-which-library-multiplies.md}.
     */
    private static final Map<String, ProductChoice> BY_INSTRUCTIONS = Map.of(
            "SSE4.1", ProductChoice.parse("layers=openblas,updates=openblas,gradients=openblas"),
            "AVX", ProductChoice.parse("layers=openblas,updates=openblas,gradients=openblas"),
            "AVX2", ProductChoice.parse("layers=onednn,updates=openblas,gradients=openblas"),
            "AVX2-VNNI", ProductChoice.parse("layers=onednn,updates=openblas,gradients=openblas"),
            "AVX2-VNNI2", ProductChoice.parse("layers=onednn,updates=openblas,gradients=openblas"));

    private static ProductChoice here;

    private ProductChoices() {}

    /** The choice for this processor. */
    static synchronized ProductChoice here() {
        if (here == null) {
            here = BlasProduct.isAvailable() ? read(System.getProperty(PROPERTY)) : ProductChoice.ONEDNN;
        }
        return here;
    }

    /** {@code asked} is the property, or null. */
    static ProductChoice read(String asked) {
        if (asked == null) {
            return measured(file(), kind()).orElseGet(() -> shipped(DnnlLibrary.instructions()));
        }
        try {
            return asked.equals(SHIPPED) ? shipped(DnnlLibrary.instructions()) : ProductChoice.parse(asked);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "system property " + PROPERTY + ": " + e.getMessage() + " Or set it to \"" + SHIPPED + "\".", e);
        }
    }

    static ProductChoice shipped(String instructions) {
        return BY_INSTRUCTIONS.getOrDefault(instructions, ProductChoice.ONEDNN);
    }

    /** What was measured on a kind of processor; empty, with a warning, if the file cannot be used. */
    static Optional<ProductChoice> measured(Path file, String kind) {
        try {
            Optional<ProductChoice> found = Optional.ofNullable(entries(file).get(kind));
            found.ifPresent(choice ->
                    LOG.info("Products are shared among libraries as was measured here: {} ({}).", choice, file));
            return found;
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn(
                    "{}: cannot be used ({}); products are shared among libraries as is usual for this processor."
                            + " Delete the file, or replace it by OneDnn.calibrate().",
                    file,
                    e.getMessage());
            return Optional.empty();
        }
    }

    private static Map<String, ProductChoice> entries(Path file) throws IOException {
        byte[] bytes = RegularFile.bytes(file, "choices of libraries", MOST_BYTES, CorruptAdapterException::new);
        Map<String, Object> fields = JsonObjects.read(file.toString(), bytes);
        Map<String, ProductChoice> entries = new LinkedHashMap<>();
        fields.forEach((kind, text) -> entries.put(kind, ProductChoice.parse(String.valueOf(text))));
        return entries;
    }

    /** Keeps a choice for a kind, with those of other kinds: a home may be shared among machines. */
    static void keep(Path file, String kind, ProductChoice choice) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put(kind, choice.toString());
        try {
            entries(file).entrySet().stream()
                    .limit(MOST_KINDS)
                    .forEach(entry ->
                            fields.putIfAbsent(entry.getKey(), entry.getValue().toString()));
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("{} is written anew", file, e);
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        JsonObjects.write(file, fields);
    }

    /** Where choices that were measured are kept. */
    static Path file() {
        String cache = System.getenv("XDG_CACHE_HOME");
        Path folder =
                cache == null || cache.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return folder.resolve("lora4j").resolve(FILE);
    }

    /** Instructions, maker, family and model of this processor, as far as the system tells them. */
    static String kind() {
        return Stream.concat(
                        Stream.of(DnnlLibrary.instructions()),
                        Stream.of("vendor_id", "cpu family", "model").map(ProductChoices::ofProcessor))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.joining(" "));
    }

    private static String ofProcessor(String field) {
        try {
            String first =
                    new String(RegularFile.start(Path.of("/proc/cpuinfo"), MOST_BYTES), StandardCharsets.US_ASCII);
            Matcher line = Pattern.compile("(?m)^" + field + "\\s*:\\s*(\\S+)").matcher(first);
            return line.find() ? line.group(1).toLowerCase(Locale.ROOT) : "";
        } catch (IOException e) {
            return "";
        }
    }
}
