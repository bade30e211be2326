/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BoftConfig;
import org.lora4j.config.FieldType;
import org.lora4j.config.FieldType.Field;
import org.lora4j.config.Initialization;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.json.StrictJson;
import org.lora4j.method.FileField;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads and writes {@code adapter_config.json} as PEFT's configs do.
 *
 * <p>Reading is strict: duplicate keys, values of a wrong type, values that a {@link AdapterConfig} forbids and options that
 * would change the numbers and are not supported are all refused, in one message. Fields unknown to PEFT's release that
 * this code follows are kept for writing back and reported once.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class PeftConfigJson {

    /** The name of the file in an adapter's directory. */
    public static final String FILE_NAME = "adapter_config.json";

    private static final Logger LOG = LoggerFactory.getLogger(PeftConfigJson.class);

    private static final String INIT = "init_lora_weights";

    private static final String FACTORS = "boft_n_butterfly_factor";

    /** Start values that leave the base as it is, so that a saved adapter is plain LoRA whatever it started from. */
    private static final Set<String> STARTS_WITHOUT_EFFECT = Set.of("eva");

    /** The names by which PEFT knows embeddings that may be tied. */
    private static final Set<String> TIED_EMBEDDINGS = Set.of("embed_tokens", "lm_head");

    private static final int MOST_BYTES = 16 << 20;

    /** What people change by hand when a base gets another name or an adapter another use. */
    private static final Set<String> ABOUT_THE_USE =
            Set.of("base_model_name_or_path", "revision", "task_type", "inference_mode");

    private static final TypeReference<TreeMap<String, Object>> MAP = new TypeReference<>() {};

    private static final ObjectMapper JSON = StrictJson.mapper(64);

    private PeftConfigJson() {}

    /**
     * Reads a config file.
     *
     * @return the config and the fields to write back
     * @throws CorruptAdapterException if the file is not one JSON object
     * @throws UnsupportedAdapterVersionException if the file is of another method or uses options that are not supported;
     *     the message lists all of them, and whatever else is wrong
     * @throws AdapterFormatException if {@code peft_type} is missing or values are of a wrong type or not allowed; the
     *     message lists all of them
     * @throws IOException if the file does not exist or cannot be read
     */
    public static PeftFile read(Path file) throws IOException {
        return read(file.toString(), bytes(file));
    }

    /**
     * Reads the content of such a file.
     *
     * @return as {@link #read(Path)}
     * @throws AdapterFormatException as {@link #read(Path)}
     */
    public static PeftFile read(String file, byte[] bytes) throws AdapterFormatException {
        PeftFile read = parse(bytes, file);
        PeftMethod method = PeftMethod.of(read.config());
        List<String> unknown = read.extras().keySet().stream()
                .filter(name -> method.field(name).isEmpty() && !name.equals(StackedModules.FIELD))
                .toList();
        if (!unknown.isEmpty()) {
            LOG.warn(
                    "{}: fields unknown to lora4j were kept but have no effect: {}. They may need a newer version.",
                    file,
                    Problems.quoted(unknown));
        }
        return read;
    }

    /**
     * A hash of what a config says of the tensors beside it, by which a config that came to the tensors of another adapter is
     * told. Spaces, the order of fields, and the fields that name the base or the use do not matter.
     *
     * @throws AdapterFormatException if it is not one JSON object
     * @throws IOException if the file does not exist or cannot be read
     */
    public static String hash(Path file) throws IOException {
        return hash(tree(bytes(file), file.toString()));
    }

    /** As {@link #hash(Path)}, of a config that is to be written. */
    public static String hash(PeftFile config) {
        try {
            return hash(tree(write(config).getBytes(StandardCharsets.UTF_8), FILE_NAME));
        } catch (AdapterFormatException e) {
            throw new IllegalStateException("a config that was just written is no config: " + e.getMessage(), e);
        }
    }

    /** The fields of which {@link #hash(PeftFile)} is, as plain values. */
    public static Map<String, Object> plain(PeftFile config) {
        try {
            Map<String, Object> fields =
                    JSON.convertValue(tree(write(config).getBytes(StandardCharsets.UTF_8), FILE_NAME), MAP);
            fields.keySet().removeAll(ABOUT_THE_USE);
            return fields;
        } catch (AdapterFormatException e) {
            throw new IllegalStateException("a config that was just written is no config: " + e.getMessage(), e);
        }
    }

    private static String hash(ObjectNode config) {
        Map<String, Object> fields = JSON.convertValue(config, MAP);
        fields.keySet().removeAll(ABOUT_THE_USE);
        try {
            byte[] sorted = JSON.writer()
                    .without(SerializationFeature.INDENT_OUTPUT)
                    .with(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                    .writeValueAsBytes(fields);
            return Sha256.of(sorted);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("no hash of a JSON object: " + e.getMessage(), e);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        return RegularFile.bytes(file, "the config of a PEFT adapter", MOST_BYTES, CorruptAdapterException::new);
    }

    private static PeftFile parse(byte[] bytes, String where) throws AdapterFormatException {
        ObjectNode object = tree(bytes, where);
        if (hasOverflow(object)) {
            throw new CorruptAdapterException(where + ": a number is beyond the range of double precision"
                    + "; expected finite numbers. Correct the file or save the adapter again.");
        }
        return translate(method(object, where), object, where);
    }

    private static ObjectNode tree(byte[] bytes, String where) throws AdapterFormatException {
        JsonNode root;
        try {
            root = JSON.readTree(StrictJson.text(bytes));
        } catch (JsonProcessingException e) {
            throw new CorruptAdapterException(
                    where + ": not valid JSON: " + e.getOriginalMessage() + ". The file is damaged; get it again.", e);
        } catch (IOException e) {
            throw new CorruptAdapterException(where + ": not readable as UTF-8 JSON: " + e.getMessage(), e);
        }
        if (!(root instanceof ObjectNode object)) {
            throw new CorruptAdapterException(where + ": holds " + (root == null ? "nothing" : root.getNodeType())
                    + "; expected one JSON object. The file is damaged or not the config of an adapter.");
        }
        return object;
    }

    private static boolean hasOverflow(JsonNode node) {
        return node.isDouble() && !Double.isFinite(node.doubleValue())
                || JsonType.values(node).anyMatch(PeftConfigJson::hasOverflow);
    }

    private static PeftMethod method(ObjectNode root, String where) throws AdapterFormatException {
        JsonNode type = root.get("peft_type");
        if (type == null || type.isNull()) {
            throw new AdapterFormatException(where + ": no \"peft_type\"; expected " + PeftMethod.names()
                    + ". The file is not the config of a PEFT adapter.");
        }
        Optional<PeftMethod> method = PeftMethod.of(type.asText());
        if (method.isEmpty()) {
            throw new UnsupportedAdapterVersionException(where + ": peft_type = " + type + "; expected one of "
                    + PeftMethod.names()
                    + ", the methods supported. Convert the adapter with PEFT's convert_to_lora, if it"
                    + " allows; a method of your own has to be added before: AdapterMethods.register.");
        }
        return method.get();
    }

    private static PeftFile translate(PeftMethod method, ObjectNode root, String where) throws AdapterFormatException {
        Problems unsupported = new Problems();
        for (FileField field : method.fields()) {
            JsonNode value = root.get(field.name());
            if (field.isRefused() && value != null && !switchesOff(value)) {
                unsupported.add(field.name() + " = " + value + " is not supported");
            }
        }
        if (root.path("ensure_weight_tying").asBoolean() && mayTie(root)) {
            unsupported.add("ensure_weight_tying = true is not supported for embeddings");
        }
        Map<String, Object> extras = extras(method, root);
        Problems all = new Problems();
        PeftConfigReader reader = new PeftConfigReader(method, root, all);
        AdapterConfig config = reader.read(extras.containsKey(INIT));
        reader.unsupportedStart().ifPresent(unsupported::add);
        if (!unsupported.isEmpty()) {
            unsupported.addAll(all.list());
            throw new UnsupportedAdapterVersionException(
                    unsupported.message(where) + ". Applying the adapter without them would give wrong numbers.");
        }
        if (!all.isEmpty()) {
            throw new AdapterFormatException(all.message(where) + ". Correct the file or save the adapter again.");
        }
        return new PeftFile(config, extras);
    }

    /** Whether an embedding may be adapted or saved, which PEFT would then tie to another. */
    private static boolean mayTie(ObjectNode root) {
        JsonNode targets = root.path("target_modules");
        return targets.isTextual()
                || Stream.concat(JsonType.values(targets), JsonType.values(root.path("modules_to_save")))
                        .map(name -> name.asText().replaceAll("^.*\\.", ""))
                        .anyMatch(TIED_EMBEDDINGS::contains);
    }

    private static boolean switchesOff(JsonNode value) {
        return value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty())
                || value.asText().equals("auto");
    }

    private static Map<String, Object> extras(PeftMethod method, ObjectNode root) {
        Map<String, Object> extras = new LinkedHashMap<>();
        root.properties().forEach(entry -> {
            FileField field = method.field(entry.getKey()).orElse(null);
            Object value = JSON.convertValue(entry.getValue(), Object.class);
            boolean unknown = field == null;
            // What says no more than PEFT's default is not carried, so that a file read back equals what was written.
            boolean carried =
                    !unknown && field.use() == FileField.Use.CARRIED && !Objects.equals(value, field.initial());
            boolean start = entry.getKey().equals(INIT)
                    && STARTS_WITHOUT_EFFECT.contains(entry.getValue().asText());
            if (unknown || carried || start) {
                extras.put(entry.getKey(), value);
            }
        });
        return extras;
    }

    static boolean isStartWithoutEffect(FileField field, Map<String, Object> extras) {
        return field.name().equals(INIT) && STARTS_WITHOUT_EFFECT.contains(String.valueOf(extras.get(INIT)));
    }

    /** PEFT makes one factor where it has no CUDA, and writes the number that it was asked for. */
    static boolean isFactorsAskedFor(FileField field, AdapterConfig config, Map<String, Object> extras) {
        return field.name().equals(FACTORS)
                && config instanceof BoftConfig boft
                && boft.butterflyFactors() == 1
                && extras.get(FACTORS) instanceof Integer asked
                && asked > 1;
    }

    /**
     * The content of a file whose tensors have one butterfly factor where its config says more.
     *
     * @return a config of one factor, and the number of the file to write back
     */
    public static PeftFile withOneFactor(PeftFile file) {
        BoftConfig boft = (BoftConfig) file.config();
        Map<String, Object> extras = new LinkedHashMap<>(file.extras());
        extras.put(FACTORS, boft.butterflyFactors());
        return new PeftFile(boft.toBuilder().butterflyFactors(1).build(), extras);
    }

    /**
     * Words a config as PEFT would save it: every field of PEFT's config of the method in alphabetical order, sets of names
     * sorted, {@code inference_mode} true. Equal content gives equal text.
     */
    public static String write(PeftFile content) {
        Map<String, Object> fields = new TreeMap<>();
        PeftMethod method = PeftMethod.of(content.config());
        method.fields().stream()
                .filter(field -> field.use() != FileField.Use.LATER)
                .forEach(field -> fields.put(field.name(), field.initial()));
        fields.putAll(content.extras());
        fields.put("peft_type", method.type());
        fields.put("inference_mode", true);
        AdapterConfig.Builder<?> config = content.config().toBuilder();
        config.fields().forEach(field -> put(method, fields, content.extras(), config, field));
        try {
            return JSON.writer(printer()).writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "PeftConfigJson: an extra is not a JSON value (" + e.getOriginalMessage()
                            + "); expected strings, numbers, booleans, lists and maps",
                    e);
        }
    }

    private static <V> void put(
            PeftMethod method,
            Map<String, Object> fields,
            Map<String, Object> extras,
            AdapterConfig.Builder<?> config,
            Field<V> field) {
        V value = config.get(field);
        boolean start = fields.get(field.peftName()) != null
                && field.type() == FieldType.START
                && value == Initialization.KAIMING_UNIFORM;
        boolean carried = start || field.peftName().equals(FACTORS) && extras.containsKey(FACTORS);
        if (!carried) {
            fields.put(
                    field.peftName(),
                    value == null
                            ? null
                            : JsonType.of(field.type(), method).write().apply(value));
        }
    }

    private static DefaultPrettyPrinter printer() {
        Separators separators = Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator("");
        DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
        return new DefaultPrettyPrinter(separators).withObjectIndenter(indenter).withArrayIndenter(indenter);
    }
}
