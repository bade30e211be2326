/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.CapturedLog;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.internal.host.HostedModel;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;

/** "All linear" is written as names, which PEFT matches by their ends: no module may be matched that was left out. */
class AllLinearTest {

    /** Linear modules of these names in a row, with rectifiers between; the last one is the head. */
    private static FormCase.Maker chain(String... modules) {
        FormCase.Maker m = new FormCase.Maker(DataType.FLOAT);
        SDVariable h = m.x("x", 3, 4);
        for (int i = 0; i < modules.length; i++) {
            h = i == 0 ? h : m.sd.nn().relu(h, 0);
            h = h.mmul(m.weight(modules[i] + ".weight", 4, 4));
        }
        SDVariable y = m.sd.identity("y", h);
        y.mul(y).sum("loss");
        m.sd.setLossVariables("loss");
        return m;
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder()
                .rank(2)
                .targetModules(ModuleSelector.allLinear())
                .initialization(Initialization.RANDOM);
    }

    private static AdaptedSameDiff again(FormCase.Maker m, LoraConfig config, Path folder) throws Exception {
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config, 1);
        model.adapter("default").save(folder);
        AdaptedSameDiff loaded = DefaultAdapter.saved(AdaptedSameDiff.of(m.sd), folder);
        Graphs.assertSameValues(
                loaded.output(m.inputs, "y").get("y"),
                model.output(m.inputs, "y").get("y"));
        return loaded;
    }

    @Test
    void adapter_doesNotRefuseItsOwnFile_whereAHeadEndsLikeAnAdaptedModule(@TempDir Path folder) throws Exception {
        FormCase.Maker m = chain("dense", "classifier.dense");

        LoraConfig written =
                again(m, config().build(), folder).adapter("default").loraConfig();

        assertThat(written.targetModules()).isEqualTo(ModuleSelector.suffixes("dense"));
        assertThat(written.excludeModules()).isEqualTo(ModuleSelector.suffixes("classifier.dense"));
    }

    @Test
    void exclude_neverHitsAnAdaptedModule(@TempDir Path folder) throws Exception {
        FormCase.Maker m = chain("dense", "x.classifier.dense", "classifier.dense");

        AdaptedSameDiff model = again(m, config().build(), folder);

        LoraConfig written = model.adapter("default").loraConfig();
        assertThat(model.adapter("default").modules()).containsOnlyKeys("dense", "x.classifier.dense");
        assertThat(written.excludeModules()).isEqualTo(ModuleSelector.regex("classifier\\.dense"));
    }

    @Test
    void excludesOfTheUser_stay(@TempDir Path folder) throws Exception {
        FormCase.Maker m = chain("dense", "a.other", "classifier.dense");

        LoraConfig byName = again(m, config().excludeModules("other").build(), folder.resolve("1"))
                .adapter("default")
                .loraConfig();
        LoraConfig byExpression = again(
                        m,
                        config().excludeModules(ModuleSelector.regex("a\\..*")).build(),
                        folder.resolve("2"))
                .adapter("default")
                .loraConfig();

        assertThat(byName.excludeModules()).isEqualTo(ModuleSelector.suffixes("other", "classifier.dense"));
        assertThat(byExpression.excludeModules()).isEqualTo(ModuleSelector.regex("(?:a\\..*)|classifier\\.dense"));
        assertThat(Set.of("dense", "a.other", "classifier.dense"))
                .filteredOn(byExpression::selects)
                .containsExactly("dense");
    }

    @Test
    void aHeadAlone_isAdapted_andTheLogSaysSo_unlessItWasNamed() {
        FormCase.Maker m = chain("classifier");
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);

        String log = CapturedLog.of(HostedModel.class, () -> {
            model.addAdapter("asked", config().build(), 1);
            model.addAdapter("named", config().targetModules("classifier").build(), 1);
        });

        assertThat(model.adapter("asked").modules()).containsOnlyKeys("classifier");
        assertThat(log)
                .containsOnlyOnce("every linear module of this model is an output head")
                .contains("adapter \"asked\"", "it adapts \"classifier\" here", "Name targets to choose others");
    }

    @Test
    void withoutSuchNames_nothingIsExcluded(@TempDir Path folder) throws Exception {
        FormCase.Maker m = chain("a", "b", "head");

        LoraConfig written =
                again(m, config().build(), folder).adapter("default").loraConfig();

        assertThat(written.targetModules()).isEqualTo(ModuleSelector.suffixes("a", "b"));
        assertThat(written.excludeModules()).isEqualTo(ModuleSelector.none());
    }
}
