/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.oracle.labs.mlrg.olcut.config.ConfigurationManager;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tribuo.Model;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.ensemble.WeightedEnsembleModel;

/** Trainers out of configuration files. */
class ConfigurationTest {

    @TempDir
    private Path folder;

    private ConfigurationManager manager(String trainerProperties) throws Exception {
        Path base = folder.resolve("base.zip");
        ModelSerializer.writeModel(Bases.mlp(4, 3, 1), base.toFile(), false);
        String xml = """
                <config>
                  <component name="base" type="org.lora4j.tribuo.base.BaseNetwork">
                    <property name="path" value="%s"/>
                  </component>
                  <component name="spec" type="org.lora4j.tribuo.LoraSpec">
                    <property name="rank" value="4"/>
                    <property name="alpha" value="8"/>
                    <propertylist name="targetModules"><item>fc1</item><item>fc2</item></propertylist>
                    <propertymap name="rankPattern"><entry key="fc1" value="2"/></propertymap>
                  </component>
                  <component name="dense" type="org.lora4j.tribuo.input.DenseInputConverter">
                    <propertylist name="featureNames"><item>A</item><item>B</item><item>C</item><item>D</item></propertylist>
                  </component>
                  <component name="labels" type="org.lora4j.tribuo.output.LabelConverter"/>
                  <component name="lora" type="org.lora4j.tribuo.LoraTrainer">
                    <property name="base" value="base"/>
                    <property name="spec" value="spec"/>
                    <property name="inputConverter" value="dense"/>
                    <property name="outputConverter" value="labels"/>
                    <property name="learningRate" value="0.02"/>
                    <property name="schedule" value="LINEAR"/>
                    <property name="epochs" value="20"/>
                    <property name="seed" value="1"/>
                    %s
                  </component>
                  <component name="bag" type="org.tribuo.ensemble.BaggingTrainer">
                    <property name="innerTrainer" value="lora"/>
                    <property name="numMembers" value="3"/>
                    <property name="seed" value="1"/>
                    <property name="combiner" value="voting"/>
                  </component>
                  <component name="voting" type="org.tribuo.classification.ensemble.VotingCombiner"/>
                </config>
                """.formatted(base, trainerProperties);
        Path file = folder.resolve("lora.xml");
        Files.writeString(file, xml);
        return new ConfigurationManager(file.toString());
    }

    @SuppressWarnings("unchecked")
    private static Trainer<Label> trainer(ConfigurationManager manager, String name) {
        return (Trainer<Label>) manager.lookup(name);
    }

    @Test
    void trainer_fromXml_trains() throws Exception {
        Trainer<Label> trainer = trainer(manager(""), "lora");

        Model<Label> model = trainer.train(Data.corners(10, 1, "a", "b", "c"));

        assertThat(new LabelEvaluator()
                        .evaluate(model, Data.corners(10, 2, "a", "b", "c"))
                        .accuracy())
                .isGreaterThan(0.9);
        assertThat(((LoraModel<Label>) model).adapter().config().rankOf("fc1")).isEqualTo(2);
    }

    @Test
    void bagging_fromXml_sharesOneBase() throws Exception {
        Trainer<Label> trainer = trainer(manager(""), "bag");

        var ensemble = (WeightedEnsembleModel<Label>) trainer.train(Data.corners(10, 1, "a", "b", "c"));

        assertThat(ensemble.getModels())
                .extracting(member -> ((LoraModel<Label>) member).parts().base())
                .hasSize(3)
                .allSatisfy(base -> assertThat(base)
                        .isSameAs(((LoraModel<Label>) ensemble.getModels().get(0))
                                .parts()
                                .base()));
    }

    @Test
    void trainer_withAnUnknownProperty_namesIt() throws Exception {
        ConfigurationManager manager = manager("<property name=\"epoch\" value=\"3\"/>");

        assertThatThrownBy(() -> manager.lookup("lora"))
                .isInstanceOf(PropertyException.class)
                .hasMessageContaining("epoch");
    }

    @Test
    void trainer_withABadValue_saysTheRange() throws Exception {
        ConfigurationManager manager = manager("<property name=\"batchSize\" value=\"0\"/>");

        assertThatThrownBy(() -> manager.lookup("lora"))
                .isInstanceOf(PropertyException.class)
                .hasMessageContaining("batchSize = 0, expected 1 or more");
    }
}
