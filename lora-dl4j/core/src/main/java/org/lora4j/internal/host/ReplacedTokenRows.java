/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.Problems;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.model.AdaptableModule;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows of a table that an adapter replaces: of an embedding, or of the weight of a linear module such as the projection
 * back to the vocabulary, where a host can do that.
 *
 * @param module the embedding or linear module
 * @param rows indices of rows
 * @param <M> a module of the host
 * @apiNote Status: internal
 */
public record ReplacedTokenRows<M extends AdaptableModule>(M module, List<Integer> rows) {

    /** What the input embedding is called in common models; PEFT falls back to the first. */
    private static final Set<String> INPUT_EMBEDDINGS = Set.of(
            "embed_tokens",
            "word_embeddings",
            "wte",
            "tok_embeddings",
            "embed_in",
            "shared",
            "token_embeddings",
            "tokens");

    /**
     * The tables of a model.
     *
     * @param modules the modules of which a host can replace rows
     * @param storage tells where the table of a module lies: modules of the same answer share one
     * @param where what the model is called in messages
     * @param <M> a module of the host
     * @apiNote Status: internal
     */
    public record Tables<M extends AdaptableModule>(List<M> modules, Function<M, String> storage, String where) {

        private List<M> embeddings() {
            return modules.stream()
                    .filter(module -> module.shape().kind() == ModuleShape.Kind.EMBEDDING)
                    .toList();
        }
    }

    /**
     * The rows that a config trains in a model.
     *
     * @param found the tensors of an adapter file by path; empty for a fresh adapter
     * @param problems receives names without an embedding, ambiguity, and rows that do not exist
     */
    public static <M extends AdaptableModule> List<ReplacedTokenRows<M>> of(
            AdapterConfig config, Tables<M> tables, Map<String, Map<String, INDArray>> found, Problems problems) {
        TrainableTokens tokens = config.trainableTokens();
        List<ReplacedTokenRows<M>> chosen = new ArrayList<>();
        if (!tokens.ofInputEmbedding().isEmpty()) {
            List<String> inFile = found.keySet().stream()
                    .filter(path -> found.get(path).containsKey(TokenRowsMethod.ROWS))
                    .toList();
            M input = inputEmbedding(tables, inFile, problems);
            if (input != null) {
                chosen.add(new ReplacedTokenRows<>(input, tokens.ofInputEmbedding()));
            }
        }
        for (M module : tables.modules()) {
            if (config.trainsRowsOf(module.path())) {
                chosen.add(new ReplacedTokenRows<>(module, config.tokenRows(module.path())));
            }
        }
        for (String name : config.unmatchedTokens(paths(tables.modules()))) {
            problems.add("trainableTokens \"" + name + "\" matches no embedding"
                    + Selection.closest(name, paths(tables.embeddings())));
        }
        chosen.forEach(entry -> entry.check(config, problems));
        checkTablesDiffer(chosen, tables, problems);
        return chosen;
    }

    private static <M extends AdaptableModule> void checkTablesDiffer(
            List<ReplacedTokenRows<M>> chosen, Tables<M> tables, Problems problems) {
        Map<String, String> owners = new HashMap<>();
        for (ReplacedTokenRows<M> entry : chosen) {
            String path = entry.module().path();
            String other = owners.putIfAbsent(tables.storage().apply(entry.module()), path);
            problems.check(
                    other == null,
                    "trainableTokens name \"" + other + "\" and \"" + path
                            + "\", which share one table, expected one of them");
        }
    }

    private static <M extends AdaptableModule> M inputEmbedding(
            Tables<M> tables, Collection<String> inFile, Problems problems) {
        List<M> embeddings = tables.embeddings();
        List<M> candidates = embeddings;
        if (inFile.size() == 1) {
            candidates =
                    candidates.stream().filter(m -> inFile.contains(m.path())).toList();
        } else if (candidates.size() > 1) {
            candidates = candidates.stream()
                    .filter(m -> INPUT_EMBEDDINGS.contains(
                            m.path().substring(m.path().lastIndexOf('.') + 1)))
                    .toList();
        }
        if (candidates.size() == 1) {
            return candidates.get(0);
        }
        problems.add("trainableTokens as a list mean the input embedding, and "
                + (embeddings.isEmpty()
                        ? "the " + tables.where() + " has no embedding"
                        : "it is not clear which one that is")
                + ", expected rows by module name out of " + Problems.quoted(paths(embeddings)));
        return null;
    }

    private void check(AdapterConfig config, Problems problems) {
        String where = "trainableTokens of \"" + module.path() + "\"";
        long vocabulary = vocabulary();
        List<Integer> outside = rows.stream().filter(row -> row >= vocabulary).toList();
        problems.check(
                outside.isEmpty(), where + " has the rows " + outside + ", expected below its size " + vocabulary);
        problems.check(
                !config.savesFully(module.path()),
                where + " and modulesToSave train the same rows, expected one of them");
    }

    /**
     * Compares the rows of an adapter with what its config trains.
     *
     * @param problems receives what is missing, superfluous or of another shape
     */
    public static <M extends AdaptableModule> void checkFit(
            AdapterConfig config,
            List<ReplacedTokenRows<M>> expected,
            Map<String, Map<String, INDArray>> found,
            Problems problems) {
        Map<String, INDArray> left = new HashMap<>();
        found.forEach((path, tensors) -> {
            boolean copy = TokenRowsMethod.original(config, path, found).isPresent();
            if (tensors.containsKey(TokenRowsMethod.ROWS) && !copy) {
                left.put(path, tensors.get(TokenRowsMethod.ROWS));
            }
        });
        for (ReplacedTokenRows<M> entry : expected) {
            String path = entry.module().path();
            INDArray array = left.remove(path);
            long[] shape = {entry.rows().size(), entry.size()};
            if (array == null) {
                problems.add("rows of \"" + path + "\" are trained by the config, but the adapter has no "
                        + TokenRowsMethod.ROWS + " for it; expected shape " + Arrays.toString(shape));
            } else {
                problems.check(
                        Arrays.equals(shape, array.shape()),
                        "module \"" + path + "\": " + TokenRowsMethod.ROWS + " has shape "
                                + Arrays.toString(array.shape()) + "; expected " + Arrays.toString(shape));
            }
        }
        left.keySet().stream()
                .sorted()
                .forEach(path -> problems.add("module \"" + path + "\" has " + TokenRowsMethod.ROWS
                        + ", but the config trains no rows of it"));
    }

    /** The factors of a module. */
    public static Map<String, INDArray> without(Map<String, INDArray> tensors) {
        Map<String, INDArray> factors = new LinkedHashMap<>(tensors);
        factors.remove(TokenRowsMethod.ROWS);
        return factors;
    }

    /** How many rows the table has. */
    public long vocabulary() {
        return module.shape().weight()[0];
    }

    /** How long a row is. */
    public long size() {
        return module.shape().weight()[1];
    }

    private static List<String> paths(List<? extends AdaptableModule> modules) {
        return modules.stream().map(AdaptableModule::path).toList();
    }
}
