/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.graph.OpTraits.Trait;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class OpTraitsTest {

    /** What a pattern of a graph consists of, which rule is for which op, and how an op is copied or refused. */
    private static final Set<String> OWN_LISTS =
            Set.of("OpTraits.java", "StoredWeights.java", "IndexCheck.java", "OpClone.java", "RefusedForm.java");

    private static final Pattern LIST =
            Pattern.compile("(?:Set|List)\\.of\\(([^()]*)\\)|Map\\.ofEntries\\(((?:[^()]|\\([^()]*\\))*)\\)");
    private static final Pattern TEXT = Pattern.compile("\"([^\"]*)\"");

    @Test
    void factsAboutOps_standInNoOtherTable() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".java")).toList()) {
                if (!OWN_LISTS.contains(file.getFileName().toString())) {
                    found.addAll(listsOfOps(file));
                }
            }
        }
        assertThat(found).as("lists of ops outside of OpTraits").isEmpty();
    }

    private static List<String> listsOfOps(Path file) throws IOException {
        List<String> found = new ArrayList<>();
        Matcher lists = LIST.matcher(Files.readString(file));
        while (lists.find()) {
            List<String> ops = TEXT.matcher(lists.group())
                    .results()
                    .map(each -> each.group(1))
                    .filter(OpTraits.names()::contains)
                    .toList();
            if (ops.size() > 1) {
                found.add(file.getFileName() + " " + ops);
            }
        }
        return found;
    }

    @ParameterizedTest
    @ValueSource(strings = {"reshape", "expand_dims", "squeeze", "identity"})
    void opsThatKeepPlaces_giveTheElementsInTheirOrder(String op) {
        INDArray x = Nd4j.createFromArray(1f, 2, 3, 4, 5, 6).reshape(1, 2, 3);
        SameDiff sd = SameDiff.create();
        SDVariable in = sd.placeHolder("x", DataType.FLOAT, 1, 2, 3);
        SDVariable out = switch (op) {
            case "reshape" -> sd.reshape("y", in, 3, 2);
            case "expand_dims" -> sd.expandDims("y", in, 0);
            case "squeeze" -> sd.squeeze("y", in, 0);
            default -> sd.identity("y", in);
        };
        assertThat(sd.getOps().values()).anyMatch(each -> OpTraits.has(each, Trait.KEEPS_PLACES));
        assertThat(sd.output(Map.of("x", x), out.name()).get("y").dup().ravel().toFloatVector())
                .containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void permute_reordersAndKeepsValues() {
        SameDiff sd = SameDiff.create();
        SDVariable in = sd.placeHolder("x", DataType.FLOAT, 2, 3);
        sd.permute("y", in, 1, 0);
        assertThat(sd.getOps().values())
                .allMatch(each -> OpTraits.rearranges(each) && OpTraits.keepsValues(each))
                .noneMatch(each -> OpTraits.has(each, Trait.KEEPS_PLACES));
    }

    @Test
    void opsOfShapes_letNoGradientThrough() {
        assertThat(OpTraits.names().stream().filter(op -> OpTraits.has(op, Trait.OF_SHAPES)))
                .contains("shape_of", "shapes_of", "size_at")
                .allMatch(op -> OpTraits.has(op, Trait.FLAT));
    }

    @Test
    void anOpWithoutARow_hasNoTrait() {
        assertThat(Trait.values()).noneMatch(trait -> OpTraits.has("lora4j_unheard_of", trait));
    }
}
