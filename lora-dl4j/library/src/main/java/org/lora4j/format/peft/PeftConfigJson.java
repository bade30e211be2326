/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.peft;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.Scaling;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.file.RegularFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads and writes {@code adapter_config.json} as PEFT's {@code LoraConfig} does.
 *
 * <p>Reading is strict: duplicate keys, values of a wrong type, values that a {@link LoraConfig} forbids and options that
 * would change the numbers and are not supported are all refused, in one message. Fields unknown to PEFT's release that
 * this code follows are kept for writing back and reported once.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class PeftConfigJson {

    /** The name of the file in an adapter's directory. */
    public static final String FILE_NAME = "adapter_config.json";

    private static final Logger LOG = LoggerFactory.getLogger(PeftConfigJson.class);

    private static final String PEFT_TYPE = "LORA";

    private static final String INIT = "init_lora_weights";

    /** Start values that leave the base as it is, so that a saved adapter is plain LoRA whatever it started from. */
    private static final Set<String> STARTS_WITHOUT_EFFECT = Set.of("eva");

    /** The names by which PEFT knows embeddings that may be tied. */
    private static final Set<String> TIED_EMBEDDINGS = Set.of("embed_tokens", "lm_head");

    private static final int MOST_BYTES = 16 << 20;

    /** What people change by hand when a base gets another name or an adapter another use. */
    private static final Set<String> ABOUT_THE_USE =
            Set.of("base_model_name_or_path", "revision", "task_type", "inference_mode");

    private static final TypeReference<TreeMap<String, Object>> MAP = new TypeReference<>() {};

    private static final ObjectMapper JSON = mapper();

    private static final Map<String, PeftField> FIELDS =
            PeftField.ALL.stream().collect(Collectors.toUnmodifiableMap(PeftField::name, Function.identity()));

    private PeftConfigJson() {}

    private static ObjectMapper mapper() {
        JsonMapper mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(64).build());
        return mapper;
    }

    /**
     * Reads a config file.
     *
     * @param file the file
     * @return the config and the fields to write back
     * @throws CorruptAdapterException if the file is not one JSON object
     * @throws UnsupportedAdapterVersionException if the file is of another method or uses options that are not supported;
     *     the message lists all of them, and whatever else is wrong
     * @throws AdapterFormatException if {@code peft_type} is missing or values are of a wrong type or not allowed; the
     *     message lists all of them
     * @throws IOException if the file does not exist or cannot be read
     */
    public static PeftFile read(Path file) throws IOException {
        PeftFile read = parse(bytes(file), file.toString());
        List<String> unknown = read.extras().keySet().stream()
                .filter(name -> !FIELDS.containsKey(name) && !name.equals(StackedModules.FIELD))
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
     * @param file the file of a config
     * @return hexadecimal digits
     * @throws AdapterFormatException if it is not one JSON object
     * @throws IOException if the file does not exist or cannot be read
     */
    public static String hash(Path file) throws IOException {
        return hash(tree(bytes(file), file.toString()));
    }

    /**
     * As {@link #hash(Path)}, of a config that is to be written.
     *
     * @param config the config
     * @return hexadecimal digits
     */
    public static String hash(PeftFile config) {
        try {
            return hash(tree(write(config).getBytes(StandardCharsets.UTF_8), FILE_NAME));
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
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(sorted));
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
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
        checkType(object, where);
        return translate(object, where);
    }

    private static ObjectNode tree(byte[] bytes, String where) throws AdapterFormatException {
        JsonNode root;
        try {
            root = JSON.readTree(bytes);
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
                || node.valueStream().anyMatch(PeftConfigJson::hasOverflow);
    }

    private static void checkType(ObjectNode root, String where) throws AdapterFormatException {
        JsonNode type = root.get("peft_type");
        if (type == null || type.isNull()) {
            throw new AdapterFormatException(where + ": no \"peft_type\"; expected \"" + PEFT_TYPE
                    + "\". The file is not the config of a PEFT adapter.");
        }
        if (!PEFT_TYPE.equals(type.asText())) {
            throw new UnsupportedAdapterVersionException(where + ": peft_type = " + type + "; expected \"" + PEFT_TYPE
                    + "\", the only method supported. Convert the adapter with PEFT's convert_to_lora, if it allows.");
        }
    }

    private static PeftFile translate(ObjectNode root, String where) throws AdapterFormatException {
        Problems unsupported = new Problems();
        for (PeftField field : PeftField.ALL) {
            JsonNode value = root.get(field.name());
            if (field.treatment() == PeftField.Treatment.REFUSED && value != null && !switchesOff(value)) {
                unsupported.add(field.name() + " = " + value + " is not supported");
            }
        }
        if (root.path("ensure_weight_tying").asBoolean() && mayTie(root)) {
            unsupported.add("ensure_weight_tying = true is not supported for embeddings");
        }
        Map<String, Object> extras = extras(root);
        Problems all = new Problems();
        PeftConfigReader reader = new PeftConfigReader(root, all);
        LoraConfig config = reader.read(extras.containsKey(INIT));
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
                || Stream.concat(
                                targets.valueStream(),
                                root.path("modules_to_save").valueStream())
                        .map(name -> name.asText().replaceAll("^.*\\.", ""))
                        .anyMatch(TIED_EMBEDDINGS::contains);
    }

    private static boolean switchesOff(JsonNode value) {
        return value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty());
    }

    private static Map<String, Object> extras(ObjectNode root) {
        Map<String, Object> extras = new LinkedHashMap<>();
        root.properties().forEach(entry -> {
            PeftField field = FIELDS.get(entry.getKey());
            Object value = JSON.convertValue(entry.getValue(), Object.class);
            boolean unknown = field == null;
            // What says no more than PEFT's default is not carried, so that a file read back equals what was written.
            boolean carried = !unknown
                    && field.treatment() == PeftField.Treatment.CARRIED
                    && !Objects.equals(value, field.initial());
            boolean start = entry.getKey().equals(INIT)
                    && STARTS_WITHOUT_EFFECT.contains(entry.getValue().asText());
            if (unknown || carried || start) {
                extras.put(entry.getKey(), value);
            }
        });
        return extras;
    }

    static boolean isStartWithoutEffect(PeftField field, Map<String, Object> extras) {
        return field.name().equals(INIT) && STARTS_WITHOUT_EFFECT.contains(String.valueOf(extras.get(INIT)));
    }

    /**
     * Words a config as PEFT would save it: every field of PEFT's {@code LoraConfig} in alphabetical order, sets of names
     * sorted, {@code inference_mode} true. Equal content gives equal text.
     *
     * @param content the config and further fields
     * @return JSON, indented by two spaces
     */
    public static String write(PeftFile content) {
        Map<String, Object> fields = new TreeMap<>();
        PeftField.ALL.forEach(field -> fields.put(field.name(), field.initial()));
        fields.putAll(content.extras());
        putConfig(fields, content.config());
        try {
            return JSON.writer(printer()).writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "PeftConfigJson: an extra is not a JSON value (" + e.getOriginalMessage()
                            + "); expected strings, numbers, booleans, lists and maps",
                    e);
        }
    }

    private static void putConfig(Map<String, Object> fields, LoraConfig config) {
        fields.put("peft_type", PEFT_TYPE);
        fields.put("inference_mode", true);
        fields.put("r", config.rank());
        fields.put("lora_alpha", number(config.alpha()));
        fields.put("lora_dropout", config.dropout());
        fields.put("target_modules", selector(config.targetModules(), List.of()));
        fields.put("exclude_modules", selector(config.excludeModules(), null));
        fields.put("layers_to_transform", orNull(config.layersToTransform()));
        fields.put("layers_pattern", orNull(config.layersPattern()));
        fields.put("rank_pattern", config.rankPattern());
        Map<String, Object> alphas = new LinkedHashMap<>();
        config.alphaPattern().forEach((key, alpha) -> alphas.put(key, number(alpha)));
        fields.put("alpha_pattern", alphas);
        fields.put("use_rslora", config.scalingRule() == Scaling.RANK_STABILIZED);
        fields.put("bias", config.bias().peftName());
        fields.put("modules_to_save", orNull(config.modulesToSave()));
        fields.put("use_dora", config.dora());
        fields.put("lora_bias", config.loraBias());
        fields.put("target_parameters", orNull(config.targetParameters()));
        fields.put("trainable_token_indices", tokens(config.trainableTokens()));
        fields.put("fan_in_fan_out", config.fanInFanOut());
        fields.put("base_model_name_or_path", config.baseModelName());
        fields.put("task_type", config.taskType());
        boolean carried = fields.get(INIT) != null && config.initialization() == Initialization.KAIMING_UNIFORM;
        if (!carried) {
            fields.put(INIT, start(config.initialization()));
        }
    }

    private static Object start(Initialization initialization) {
        String name = initialization.peftName();
        return name.equals("true") || name.equals("false") ? (Object) Boolean.valueOf(name) : name;
    }

    private static Object selector(ModuleSelector selector, Object none) {
        if (selector instanceof ModuleSelector.Suffixes suffixes) {
            return suffixes.names().stream().sorted().toList();
        }
        if (selector instanceof ModuleSelector.Regex regex) {
            return regex.expression();
        }
        return selector instanceof ModuleSelector.AllLinear ? ModuleSelector.AllLinear.PEFT_NAME : none;
    }

    private static Object tokens(TrainableTokens tokens) {
        return tokens.byModule().isEmpty() ? orNull(tokens.ofInputEmbedding()) : tokens.byModule();
    }

    private static List<?> orNull(List<?> list) {
        return list.isEmpty() ? null : list;
    }

    /** PEFT declares alphas as integers; a fraction is written only where there is one. */
    private static Object number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1L << 53 ? (Object) (long) value : (Object) value;
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
