/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.junit.jupiter.api.Test;
import org.lora4j.dl4j.layer.LoraDenseLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Documents name types that there are: of lora4j, of the JDK, ND4J and Deeplearning4j, or in a list of others. */
class NamesOfTypesTest {

    private static final String OLD_NAMES = "docs/decisions/old-names.md";

    /**
     * A line or more each: Deeplearning4j's and ND4J's in other jars, PyTorch's and Transformers', parts of a tokenizer.json, Spark's,
     * Tribuo's, protobuf's, those of other libraries, layouts and processors; then words and examples that only look like types.
     */
    private static final Set<String> OTHERS = Set.of("""
                    ParallelWrapper NativeOpExecutioner ClipL2PerLayer RenormalizeL2PerLayer
                    AutoModel BertForSequenceClassification BertForTokenClassification BertModel BitImageProcessor
                    ConvNextImageProcessor DebertaV2ForSequenceClassification DeiTImageProcessor Fast FeatureExtractor
                    ForImageClassification MultiheadAttention OrderedDict PeftModel RobertaForSequenceClassification
                    RobertaModel True ViTForImageClassification ViTImageProcessor ViTModel
                    Replace Right UnicodeScripts
                    CrossValidator IndexToString MulticlassClassificationEvaluator ParamGridBuilder Pipeline
                    TrainValidationSplit
                    Excuse IDXDataSource LibLinearClassificationModel MultiLabel ProtoSerializable Regressor
                    Message InvalidProtocolBufferException
                    HttpServerCodec SslHandler OnnxEmbeddingModel PointerScope PoolingMode ArrayUtils
                    BA16a64b BA16a64b2a SandyBridge SkylakeX Zen
                    AlbertTokenizer AutoTokenizer BertTokenizer CamembertTokenizer DebertaTokenizer
                    DebertaV2Tokenizer DistilBertTokenizer ElectraTokenizer GPT2Tokenizer GemmaTokenizer
                    LlamaTokenizer MPNetTokenizer Qwen2Tokenizer RobertaTokenizer T5Tokenizer
                    XLMRobertaTokenizer
                    Cannot No OwnLayer PlayMusic Sequential
                    """.strip().split("\\s+"));

    /** What inherits or has the name of a type of another library, so that its sources do not have the member. */
    private static final Set<String> MEMBERS_OF_OTHERS = Set.of("LoraModel.deserialize");

    /** Types that are called like what they compute, so that their names stand in sentences. */
    private static final Set<String> WORDS = Set.of("AdamW", "DataInf", "LayerNorm", "WordLevel", "WordPiece");

    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    /** Code that is a name, a call or a construction; not a message, a command or a setting. */
    private static final Pattern EXPRESSION = Pattern.compile("(?:new )?[@\\w.#<>\\[\\]?, ]+(?:\\(.*\\).*)?");

    private static final Pattern TYPE =
            Pattern.compile("(?<![\\w./\"#$:'-])(\\p{Lu}\\w*\\p{Ll}\\w*)(?:[.#](\\w+))?(?![\\w/-])");

    private final Documents documents = Documents.root();
    private final List<Sources.Source> sources = Sources.java(documents);

    /** A name of a document, with the member that follows it or nothing. */
    private record Name(String type, String member, String place) {

        String whole() {
            return member.isEmpty() ? type : type + "." + member;
        }
    }

    private List<Name> names(String file) {
        List<Name> names = new ArrayList<>();
        List<String> lines = documents.lines(file);
        boolean fence = false;
        for (int i = 0; i < lines.size(); i++) {
            fence ^= lines.get(i).strip().startsWith("```");
            Matcher code = CODE.matcher(fence ? "" : lines.get(i));
            while (code.find()) {
                Matcher type = TYPE.matcher(EXPRESSION.matcher(code.group(1)).matches() ? code.group(1) : "");
                while (type.find()) {
                    names.add(
                            new Name(type.group(1), type.group(2) == null ? "" : type.group(2), file + ":" + (i + 1)));
                }
            }
        }
        return names;
    }

    /** The text of all files that declare a type, by its name; of a generated one there is none. */
    private Map<String, String> own() throws IOException, URISyntaxException {
        Map<String, String> own = new HashMap<>();
        for (Sources.Source source : sources) {
            source.types().forEach(type -> own.merge(type, source.text(), String::concat));
        }
        classes(LoraDenseLayer.class).forEach(type -> own.putIfAbsent(type, ""));
        return own;
    }

    private static Set<String> others() throws IOException, URISyntaxException {
        Set<String> others = new HashSet<>(OTHERS);
        others.addAll(classes(INDArray.class));
        others.addAll(classes(DenseLayer.class));
        try (Stream<Path> files =
                Files.walk(FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules"))) {
            files.map(Path::toString)
                    .filter(file -> file.matches("/modules/[^/]+/(?:javax?|sun/misc)/.*"))
                    .forEach(file -> others.addAll(simpleNames(file)));
        }
        return others;
    }

    /** The simple names of all classes in the jar or folder of one of them. */
    private static Set<String> classes(Class<?> one) throws IOException, URISyntaxException {
        Path place =
                Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
        if (Files.isDirectory(place)) {
            return names(place);
        }
        try (FileSystem jar = FileSystems.newFileSystem(place)) {
            return names(jar.getPath("/"));
        }
    }

    private static Set<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.flatMap(file -> simpleNames(file.toString()).stream()).collect(Collectors.toSet());
        }
    }

    private static List<String> simpleNames(String file) {
        return file.endsWith(".class")
                ? List.of(
                        file.replaceFirst(".*[/\\\\]", "").replace(".class", "").split("\\$"))
                : List.of();
    }

    @Test
    void everyType_thatADocumentNames_isThere_orHasANewName() throws IOException, URISyntaxException {
        Map<String, String> own = own();
        Set<String> others = others();
        Map<String, String> old = oldNames();
        Set<String> unknown = new TreeSet<>();
        Set<String> found = new HashSet<>();

        for (String file : documents.files()) {
            for (Name name : file.equals(OLD_NAMES) ? List.<Name>of() : names(file)) {
                found.add(name.type());
                found.add(name.whole());
                boolean there = own.containsKey(name.type()) || others.contains(name.type());
                if (!old.containsKey(name.type()) && !old.containsKey(name.whole()) && !there) {
                    unknown.add(name.type() + " (" + name.place() + ")");
                } else if (own.containsKey(name.type())
                        && !others.contains(name.type())
                        && !hasMember(own, old, name)) {
                    unknown.add(name.whole() + " (" + name.place() + ")");
                }
            }
        }

        assertThat(found).hasSizeGreaterThan(500);
        assertThat(unknown)
                .as("types and members that are neither in the sources nor in %s", OLD_NAMES)
                .isEmpty();
        assertThat(old.keySet()).as("old names that documents use").isSubsetOf(found);
        assertThat(found).as("names of others that documents use").containsAll(OTHERS);
    }

    private static boolean hasMember(Map<String, String> own, Map<String, String> old, Name name) {
        String text = own.get(name.type());
        return name.member().isEmpty()
                || text.isEmpty()
                || old.containsKey(name.whole())
                || MEMBERS_OF_OTHERS.contains(name.whole())
                || Pattern.compile("\\b" + name.member() + "\\b").matcher(text).find();
    }

    @Test
    void oldNames_areGone_andLeadToTypesThatAreThere() throws IOException, URISyntaxException {
        Set<String> own = own().keySet();
        Set<String> others = others();
        Map<String, String> old = oldNames();

        assertThat(old).isNotEmpty();
        assertThat(old.keySet()).as("types of today").doesNotContainAnyElementsOf(own);
        assertThat(old.values().stream()
                        .flatMap(now -> TYPE.matcher(now).results())
                        .map(type -> type.group(1))
                        .filter(type -> !own.contains(type) && !others.contains(type)))
                .as("new names that are not there")
                .isEmpty();
    }

    /** The page's rows: the old name, and the names in what is said of today. */
    private Map<String, String> oldNames() {
        return documents.lines(OLD_NAMES).stream()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split("\\|"))
                .collect(Collectors.toMap(cells -> code(cells[1]).get(0), cells -> String.join(" ", code(cells[2]))));
    }

    private static List<String> code(String cell) {
        return CODE.matcher(cell).results().map(code -> code.group(1)).toList();
    }

    /** A type's name in a sentence is what a rename leaves behind where the sentence meant the thing. */
    @Test
    void javadoc_namesTypesInCodeAndLinks() {
        Set<String> types = sources.stream()
                .flatMap(source -> source.types().stream())
                .filter(type -> type.matches("\\p{Lu}\\p{Ll}+(\\p{Lu}[\\p{Ll}\\d]*)+") && !WORDS.contains(type))
                .collect(Collectors.toSet());
        List<String> bare = new ArrayList<>();
        for (Sources.Source source : sources) {
            for (String comment : source.isMain() ? source.comments() : List.<String>of()) {
                if (comment.startsWith("/**")) {
                    Pattern.compile("(?<![\\w.#/])\\p{Lu}\\w+(?![\\w(#.]\\w)")
                            .matcher(prose(comment))
                            .results()
                            .filter(word -> types.contains(word.group()))
                            .forEach(word -> bare.add(source.file() + ": " + word.group()));
                }
            }
        }

        assertThat(bare).as("names of types in sentences of javadoc").isEmpty();
    }

    private static String prose(String comment) {
        return comment.replaceAll("<pre>.*?</pre>", "")
                .replaceAll("\\{@\\w+[^{}]*(?:\\{[^{}]*\\}[^{}]*)*\\}", "")
                .replaceAll("@(?:see|throws|param) +\\S+", "");
    }
}
