/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LayerReplication;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.Scaling;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.method.FileField;

class PeftConfigJsonTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path dir;

    @Test
    void read_everyField_givesItsPlaceInTheConfig() throws IOException {
        AdapterConfig config =
                read("{'peft_type':'LORA','r':4,'lora_alpha':6.5,'lora_dropout':0.25,'target_modules':['q','v'],"
                                + "'exclude_modules':'.*x','layers_to_transform':3,'layers_pattern':'h','rank_pattern':{'b':2,'a':3},"
                                + "'alpha_pattern':{'q':1},'use_rslora':true,'bias':'lora_only','modules_to_save':['head'],"
                                + "'init_lora_weights':'gaussian','fan_in_fan_out':true,'base_model_name_or_path':'bert',"
                                + "'task_type':'SEQ_CLS'}")
                        .config();

        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("b", 2);
        ranks.put("a", 3);
        assertThat(config)
                .isEqualTo(LoraConfig.builder()
                        .rank(4)
                        .alpha(6.5)
                        .dropout(0.25)
                        .targetModules("v", "q")
                        .excludeModules(ModuleSelector.regex(".*x"))
                        .layersToTransform(3)
                        .layersPattern("h")
                        .rankPattern(ranks)
                        .alphaPattern(Map.of("q", 1.0))
                        .scalingRule(Scaling.RANK_STABILIZED)
                        .bias(BiasTraining.ADAPTED_ONLY)
                        .modulesToSave("head")
                        .initialization(Initialization.GAUSSIAN)
                        .fanInFanOut(true)
                        .baseModelName("bert")
                        .taskType("SEQ_CLS")
                        .build());
    }

    @Test
    void read_minimalFields_givesTheDefaults() throws IOException {
        PeftFile file = read("{'peft_type':'LORA','target_modules':['q'],'r':null,'rank_pattern':null}");

        assertThat(file.config())
                .isEqualTo(LoraConfig.builder().targetModules("q").build());
        assertThat(file.extras()).isEmpty();
    }

    @Test
    void read_allLinear_inAnyCase_isTheSelector() throws IOException {
        assertThat(read("{'peft_type':'LORA','target_modules':'All-Linear'}")
                        .config()
                        .targetModules())
                .isEqualTo(ModuleSelector.allLinear());
    }

    static Stream<String> peftCases() throws IOException {
        try (Stream<Path> cases = Files.list(PEFT)) {
            return cases
                    .map(path -> path.getFileName().toString())
                    .filter(name -> name.matches("(lora|init|dora|ia3|loha|config-u).*") && !name.contains("niter"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("peftCases")
    void write_whatPeftWrote_givesTheSameFields(String name) throws IOException {
        Path original = PEFT.resolve(name).resolve(PeftConfigJson.FILE_NAME);

        JsonNode written = MAPPER.readTree(PeftConfigJson.write(PeftConfigJson.read(original)));

        assertThat(normalized(written)).isEqualTo(normalized(MAPPER.readTree(original.toFile())));
    }

    /** Sets have no order in PEFT's files, and one layer list may stand with or without brackets. */
    private static JsonNode normalized(JsonNode config) {
        for (String set : List.of("target_modules", "exclude_modules", "layers_pattern")) {
            if (config.get(set) instanceof ArrayNode array) {
                List<String> names =
                        array.valueStream().map(JsonNode::textValue).sorted().toList();
                ((ObjectNode) config).putPOJO(set, null);
                ((ObjectNode) config).put(set, String.join(",", names));
            }
        }
        return config;
    }

    @Test
    void write_aConfigOfOurOwn_hasEveryFieldOfPeft() throws IOException {
        JsonNode peft = MAPPER.readTree(
                PEFT.resolve("lora-mlp-basic/adapter_config.json").toFile());
        LoraConfig config = LoraConfig.builder().targetModules("q").build();

        JsonNode written = MAPPER.readTree(PeftConfigJson.write(PeftFile.of(config)));

        assertThat(written.fieldNames()).toIterable().containsExactlyElementsOf(peft::fieldNames);
        assertThat(written.get("peft_type").textValue()).isEqualTo("LORA");
        assertThat(written.get("inference_mode").booleanValue()).isTrue();
        assertThat(written.get("lora_alpha").isInt()).isTrue();
    }

    @Test
    void write_equalConfigs_givesEqualText() {
        LoraConfig one = LoraConfig.builder().targetModules("q", "v").build();
        LoraConfig other = LoraConfig.builder().targetModules("v", "q").build();

        assertThat(PeftConfigJson.write(PeftFile.of(one))).isEqualTo(PeftConfigJson.write(PeftFile.of(other)));
    }

    @Test
    void write_looksLikePeftsFile() {
        String text = PeftConfigJson.write(PeftFile.of(LoraConfig.builder()
                .targetModules("q")
                .layersToTransform(1)
                .rankPattern(Map.of("q", 2))
                .build()));

        assertThat(text)
                .startsWith("{\n  \"alora_invocation_tokens\": null,\n  \"alpha_pattern\": {},\n")
                .contains("  \"rank_pattern\": {\n    \"q\": 2\n  },\n")
                .contains("  \"target_modules\": [\n    \"q\"\n  ],\n");
    }

    @Test
    void read_unknownFields_keepsThemForWriting() throws IOException {
        PeftFile file = PeftConfigJson.read(PEFT.resolve("config-unknown-keys/adapter_config.json"));

        assertThat(file.extras())
                .containsEntry("some_future_option", Map.of("x", 1))
                .containsEntry("another_one", List.of(1, 2));
    }

    @Test
    void extras_cannotBeChangedAfterwards() throws IOException {
        Object nested = read("{'peft_type':'LORA','target_modules':['q'],'x':{'y':[1]}}")
                .extras()
                .get("x");

        assertThatThrownBy(() -> ((Map<?, ?>) nested).clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void read_aStartThatLeavesTheBaseAlone_isKeptForWriting() throws IOException {
        PeftFile file = read("{'peft_type':'LORA','target_modules':['q'],'init_lora_weights':'eva'}");
        PeftFile changed = new PeftFile(
                LoraConfig.require(file.config(), "test").toBuilder()
                        .initialization(Initialization.RANDOM)
                        .build(),
                file.extras());

        assertThat(PeftConfigJson.write(file)).contains("\"init_lora_weights\": \"eva\"");
        assertThat(PeftConfigJson.write(changed)).contains("\"init_lora_weights\": false");
    }

    @Test
    void layerReplication_isReadAndWrittenAsPeftHasIt() throws Exception {
        PeftFile file = read("{'peft_type':'LORA','target_modules':['q'],'layer_replication':[[0,4],[2,5]]}");

        assertThat(file.config().layerReplication()).isEqualTo(LayerReplication.of(0, 4, 2, 5));
        assertThat(PeftConfigJson.write(file).replaceAll("\\s", "")).contains("\"layer_replication\":[[0,4],[2,5]]");
        assertThat(read("{'peft_type':'LORA','target_modules':['q'],'layer_replication':null}")
                        .config()
                        .layerReplication()
                        .isEmpty())
                .isTrue();
    }

    @Test
    void read_severalUnsupportedOptions_namesAllAndWhateverElseIsWrong() {
        assertThatThrownBy(() -> read("{'peft_type':'LORA','target_modules':['q'],'use_bdlora':true,'use_qalora':true,"
                        + "'layer_replication':[[1,1]],'init_lora_weights':'pissa_niter_4','r':0}"))
                .isInstanceOf(UnsupportedAdapterVersionException.class)
                .hasMessageContaining("4 problems")
                .hasMessageContaining("layerReplication = [[1, 1]], expected ranges [from, to] of layers")
                .hasMessageContaining("use_bdlora = true")
                .hasMessageContaining("use_qalora = true")
                .hasMessageContaining(
                        "init_lora_weights = \"pissa_niter_4\" is not supported: the adapter belongs to a base")
                .hasMessageContaining("rank = 0, expected 1 or more");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'alora_invocation_tokens':[1]",
                "'arrow_config':{'top_k':3}",
                "'ensure_weight_tying':true,'modules_to_save':['model.embed_tokens']",
                "'megatron_config':{'a':1}",
                "'monteclora_config':{'a':1}",
                "'use_bdlora':{'nblocks':2}",
                "'use_qalora':true",
                "'velora_config':{'scale':1}",
                "'init_lora_weights':'pissa_niter_4'",
                "'init_lora_weights':'true'",
                "'init_lora_weights':'loftq'"
            })
    void read_anOptionThatIsNotSupported_isRefused(String field) {
        String name = field.substring(1, field.indexOf('\'', 1));

        assertThatThrownBy(() -> read("{'peft_type':'LORA','target_modules':['q']," + field + "}"))
                .isInstanceOf(UnsupportedAdapterVersionException.class)
                .hasMessageContaining(name);
    }

    @Test
    void read_tyingWithoutEmbeddings_isCarried() throws IOException {
        PeftFile file = read("{'peft_type':'LORA','target_modules':['q'],'ensure_weight_tying':true}");

        assertThat(file.extras()).containsEntry("ensure_weight_tying", true);
    }

    @Test
    void read_tyingWithTargetsByExpression_isRefused() {
        assertThatThrownBy(
                        () -> read("{'peft_type':'LORA','target_modules':'.*embed_tokens','ensure_weight_tying':true}"))
                .isInstanceOf(UnsupportedAdapterVersionException.class)
                .hasMessageContaining("ensure_weight_tying = true is not supported for embeddings");
    }

    @Test
    void read_unsupportedOptionsThatAreSwitchedOff_isFine() throws IOException {
        PeftFile file = read("{'peft_type':'LORA','target_modules':['q'],'use_dora':false,'use_bdlora':false,"
                + "'target_parameters':[],'layer_replication':null}");

        assertThat(file.config().targetModules()).isEqualTo(ModuleSelector.suffixes("q"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'r':4.5 | r = 4.5, expected an integer",
                "'r':'4' | r = \"4\"",
                "'r':99999999999 | r = 99999999999",
                "'lora_alpha':'x' | lora_alpha = \"x\", expected a number",
                "'lora_alpha':1e999 | beyond the range of double precision",
                "'lora_alpha':-8 | alpha = -8.0",
                "'lora_dropout':1 | dropout = 1.0",
                "'bias':'some' | bias = \"some\", expected none, all or lora_only",
                "'bias':1 | bias = 1",
                "'use_rslora':1 | use_rslora = 1, expected true or false",
                "'rank_pattern':{'a':1.5} | rank_pattern = {\"a\":1.5}",
                "'rank_pattern':[1] | rank_pattern = [1]",
                "'rank_pattern':{'(':1} | rankPattern key \"(\"",
                "'alpha_pattern':{'a':null} | alpha_pattern = {\"a\":null}",
                "'modules_to_save':'x' | modules_to_save = \"x\"",
                "'exclude_modules':[1] | exclude_modules = [1]",
                "'exclude_modules':'(' | excludeModules = \"(\"",
                "'layers_to_transform':'1' | layers_to_transform = \"1\"",
                "'layers_to_transform':[-1] | layersToTransform = [-1]",
                "'layers_pattern':'h' | layersPattern = [h] without layersToTransform",
                "'task_type':1 | task_type = 1, expected a text",
                "'inference_mode':0 | inference_mode = 0"
            })
    void read_aWrongValue_namesFieldAndValue(String field, String expected) {
        assertThatThrownBy(() -> read("{'peft_type':'LORA','target_modules':['q']," + field + "}"))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageStartingWith(dir.toString())
                .hasMessageContaining(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | expected one JSON object",
                "[] | expected one JSON object",
                "null | expected one JSON object",
                "{\"peft_type\":\"LORA\" | not valid JSON",
                "{\"peft_type\":\"LORA\"} x | not valid JSON",
                "{\"r\":1,\"r\":2} | Duplicate",
                "{\"r\":NaN} | not valid JSON",
                "{\"x\":[{\"y\":-1e999}]} | beyond the range",
                "{\"r\":1e99999999999999999999} | beyond the range"
            })
    void read_whatIsNotOneJsonObject_isCorrupt(String text, String expected) throws IOException {
        Path file = Files.writeString(dir.resolve("f"), text);

        assertThatThrownBy(() -> PeftConfigJson.read(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(expected);
    }

    @Test
    void read_deepNesting_isCorruptNotAStackOverflow() throws IOException {
        Path file = Files.writeString(dir.resolve("f"), "{\"x\":" + "[".repeat(100_000));

        assertThatThrownBy(() -> PeftConfigJson.read(file)).isInstanceOf(CorruptAdapterException.class);
    }

    @Test
    void read_bytesThatAreNotUtf8_isCorrupt() throws IOException {
        byte[] bytes = "{\"peft_type\":\"L?RA\"}".getBytes(StandardCharsets.UTF_8);
        bytes[15] = (byte) 0xFF;
        Path file = Files.write(dir.resolve("f"), bytes);

        assertThatThrownBy(() -> PeftConfigJson.read(file)).isInstanceOf(CorruptAdapterException.class);
    }

    @Test
    void read_anyPrefixOfAConfig_isCorrupt() throws IOException {
        byte[] whole = Files.readAllBytes(PEFT.resolve("config-minimal/adapter_config.json"));
        for (int length = 0; length < whole.length; length++) {
            Path file = Files.write(dir.resolve("f"), Arrays.copyOf(whole, length));

            assertThatThrownBy(() -> PeftConfigJson.read(file)).isInstanceOf(CorruptAdapterException.class);
        }
    }

    @Test
    void read_withoutPeftType_saysSo() {
        assertThatThrownBy(() -> read("{'r':4,'target_modules':['q']}"))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("no \"peft_type\"; expected \"LORA\"");
    }

    @Test
    void read_aMissingFile_namesIt() {
        assertThatThrownBy(() -> PeftConfigJson.read(dir.resolve("nowhere.json")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("nowhere.json");
    }

    @Test
    void extras_withAFieldOfTheConfig_areRefused() {
        LoraConfig config = LoraConfig.builder().targetModules("q").build();

        assertThatThrownBy(() -> new PeftFile(config, Map.of("r", 3, "use_dora", true)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"r\"")
                .hasMessageContaining("\"use_dora\"");
    }

    private PeftFile read(String json) throws IOException {
        return PeftConfigJson.read(Files.writeString(dir.resolve("adapter_config.json"), json.replace('\'', '"')));
    }

    /** The guide tells of every field what becomes of it. */
    @Test
    void everyField_hasItsRowInTheGuide() throws IOException {
        List<String> rows = Files.readAllLines(Path.of(System.getProperty("lora4j.root"), "docs/peft.md")).stream()
                .filter(line -> line.startsWith("| `"))
                .toList();

        for (FileField field : PeftMethod.of("LORA").orElseThrow().fields()) {
            String row = rows.stream()
                    .filter(line -> line.split("\\|")[1].contains("`" + field.name() + "`"))
                    .findFirst()
                    .orElse("no row");
            switch (field.use()) {
                case CARRIED -> assertThat(row).as(field.name()).endsWith("| kept |");
                case REFUSED, LATER -> assertThat(row).as(field.name()).endsWith("| refused |");
                case HONORED -> assertThat(row).as(field.name()).doesNotMatch("no row|.*\\| (kept|refused) \\|");
            }
        }
    }
}
