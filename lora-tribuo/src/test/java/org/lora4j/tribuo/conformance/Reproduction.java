/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import com.oracle.labs.mlrg.olcut.config.Configurable;
import com.oracle.labs.mlrg.olcut.config.ConfigurationManager;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.ProvenanceUtil;
import java.util.List;
import org.tribuo.ConfigurableDataSource;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.provenance.ConfiguredDataSourceProvenance;
import org.tribuo.provenance.ModelProvenance;
import org.tribuo.provenance.TrainerProvenance;

/**
 * The trainer and the examples of a model, made from its provenance and nothing else. Tribuo's module for this is not
 * published; this one knows mutable data sets over one configurable source, which is what the suite trains with.
 *
 * @param <T> the type of output
 * @param trainer the trainer, at the count of the training
 * @param examples the training set
 */
record Reproduction<T extends Output<T>>(Trainer<T> trainer, MutableDataset<T> examples) {

    static <T extends Output<T>> Reproduction<T> of(ModelProvenance provenance) {
        ConfigurationManager parts = new ConfigurationManager();
        parts.addConfiguration(ProvenanceUtil.extractConfiguration(provenance));
        List<ConfiguredObjectProvenance> order = ProvenanceUtil.orderProvenances(provenance).traversalOrder;
        Trainer<T> trainer = null;
        MutableDataset<T> examples = null;
        for (int i = 0; i < order.size(); i++) {
            ConfiguredObjectProvenance part = order.get(i);
            String name = ProvenanceUtil.computeName(part, i);
            if (part instanceof TrainerProvenance) {
                Trainer<T> found = trainer(parts.lookup(name));
                found.setInvocationCount((Integer) part.getInstanceValues()
                        .get(TrainerProvenance.TRAIN_INVOCATION_COUNT)
                        .getValue());
                if (part.equals(provenance.getTrainerProvenance())) {
                    trainer = found;
                }
            } else if (part instanceof ConfiguredDataSourceProvenance) {
                examples = new MutableDataset<>(Reproduction.<T>source(parts.lookup(name)));
            }
        }
        if (trainer == null || examples == null) {
            throw new AssertionError("no " + (trainer == null ? "trainer" : "source") + " in " + provenance);
        }
        return new Reproduction<>(trainer, examples);
    }

    /** Casts to the type of output, which configuration does not know; a wrong one fails in the first training. */
    @SuppressWarnings("unchecked")
    static <T extends Output<T>> Trainer<T> trainer(Configurable found) {
        return (Trainer<T>) found;
    }

    @SuppressWarnings("unchecked") // as for the trainer
    private static <T extends Output<T>> ConfigurableDataSource<T> source(Configurable found) {
        return (ConfigurableDataSource<T>) found;
    }
}
