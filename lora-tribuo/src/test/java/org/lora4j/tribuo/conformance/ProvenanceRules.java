/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.oracle.labs.mlrg.olcut.config.ConfigurationManager;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.IntProvenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.StringProvenance;
import java.io.IOException;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.tribuo.conformance.Task.TrainTest;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.provenance.ModelProvenance;
import org.tribuo.provenance.TrainerProvenance;
import org.tribuo.test.Helpers;

/**
 * A model knows where it comes from, well enough to be made again, bit for bit.
 *
 * @param <T> the type of output
 */
interface ProvenanceRules<T extends Output<T>> extends Subject<T> {

    @Test
    default void trainerProvenance_marshalled_isTheSame() {
        Helpers.testProvenanceMarshalling(trainer().getProvenance());
    }

    @Test
    default void trainer_asConfiguration_isWhatItsProvenanceSays() {
        Helpers.testConfigurableRoundtrip(trainer());
    }

    @Test
    default void trainerProvenance_ofEqualTrainers_isEqualAndTellsSeedsApart() {
        assertThat(trainer(1).getProvenance()).isEqualTo(trainer(1).getProvenance());
        assertThat(trainer(1).getProvenance()).isNotEqualTo(trainer(2).getProvenance());
    }

    @Test
    default void trainer_fromItsXml_trainsTheSameBits(@TempDir Path folder) throws IOException {
        TrainTest<T> dense = task().dense();
        Path xml = folder.resolve("trainer.xml");
        ConfigurationManager described = new ConfigurationManager();
        described.importConfigurable(trainer(), "trainer");
        described.save(xml.toFile());

        Trainer<T> trainer = Reproduction.trainer(new ConfigurationManager(xml.toString()).lookup("trainer"));

        assertThat(answers(trainer.train(dense.train()), dense.test()))
                .isEqualTo(answers(trained(dense.train()), dense.test()));
    }

    @Test
    default void modelProvenance_namesModelTrainerAndDataset() {
        Trainer<T> trainer = trainer();
        TrainerProvenance before = trainer.getProvenance();
        Dataset<T> train = task().dense().train();
        OffsetDateTime start = OffsetDateTime.now();

        Model<T> model = trainer.train(train);

        ModelProvenance provenance = model.getProvenance();
        assertThat(provenance.getClassName()).isEqualTo(model.getClass().getName());
        assertThat(provenance.getTrainerProvenance()).isEqualTo(before);
        assertThat(provenance.getTrainerProvenance().getClassName())
                .isEqualTo(trainer.getClass().getName());
        assertThat(provenance.getDatasetProvenance()).isEqualTo(train.getProvenance());
        assertThat(provenance.getTrainingTime()).isBetween(start, OffsetDateTime.now());
    }

    @Test
    default void modelProvenance_keepsWhatTheCallerSaysOfTheRun() {
        Map<String, Provenance> run =
                Map.of("fold", new IntProvenance("fold", 3), "purpose", new StringProvenance("purpose", "conformance"));

        Model<T> model = trainer().train(task().dense().train(), run);

        assertThat(Map.<String, Provenance>copyOf(
                        model.getProvenance().getInstanceProvenance().getMap()))
                .containsAllEntriesOf(run);
    }

    @Test
    default void reproduce_fromTheProvenanceOfALaterTraining_givesTheSameBits() {
        Trainer<T> trainer = trainer();
        trainer.train(task().synthetic(40, 3));
        Model<T> model = trainer.train(task().synthetic(40, 4));

        assertReproducible(model.getProvenance(), model);
    }

    @Test
    default void reproduce_fromAModelReadBack_givesTheSameBits() {
        Model<T> model = trained(task().synthetic(40, 5));
        ModelProvenance readBack = Model.deserialize(model.serialize()).getProvenance();

        assertReproducible(readBack, model);
    }

    private void assertReproducible(ModelProvenance provenance, Model<T> original) {
        Dataset<T> test = task().synthetic(20, 6);

        Reproduction<T> again = Reproduction.of(provenance);
        Model<T> reproduced = again.trainer().train(again.examples());

        assertThat(answers(reproduced, test)).isEqualTo(answers(original, test));
        assertThat(reproduced.getProvenance().getTrainerProvenance()).isEqualTo(provenance.getTrainerProvenance());
        assertThat(reproduced.getProvenance().getDatasetProvenance()).isEqualTo(provenance.getDatasetProvenance());
    }
}
