/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.cyclonedx.Version;
import org.cyclonedx.exception.GeneratorException;
import org.cyclonedx.generators.BomGeneratorFactory;
import org.cyclonedx.model.Bom;
import org.cyclonedx.model.Component;
import org.cyclonedx.model.Hash;
import org.cyclonedx.model.License;
import org.cyclonedx.model.LicenseChoice;
import org.cyclonedx.model.Metadata;
import org.cyclonedx.model.Property;
import org.cyclonedx.model.component.ModelCard;
import org.cyclonedx.model.component.modelCard.Considerations;
import org.cyclonedx.model.component.modelCard.ModelParameters;
import org.cyclonedx.model.component.modelCard.PerformanceMetric;
import org.cyclonedx.model.component.modelCard.QuantitativeAnalysis;
import org.lora4j.trust.Receipt;

/** A bill of materials for machine learning: the model with its card, its base, and its data, as CycloneDX 1.6 has them. */
final class BillOfMaterials {

    private BillOfMaterials() {}

    static String of(Dossier.Content content) {
        Bom bom = new Bom();
        String seed = content.receipt().map(Receipt::contentHash).orElse(content.name());
        bom.setSerialNumber("urn:uuid:" + UUID.nameUUIDFromBytes(seed.getBytes(StandardCharsets.UTF_8)));
        Metadata metadata = new Metadata();
        metadata.setComponent(model(content));
        // The same model has the same bill, whenever it is written.
        metadata.setTimestamp(null);
        bom.setMetadata(metadata);
        List<Component> components = new ArrayList<>();
        content.base()
                .ifPresent(base -> components.add(part(
                        base,
                        Component.Type.MACHINE_LEARNING_MODEL,
                        content.baseLicense().orElse(null),
                        content.receipt()
                                .flatMap(receipt -> receipt.hash(Receipt.BASE))
                                .orElse(null))));
        content.datasets()
                .forEach(data -> components.add(part(data.name(), Component.Type.DATA, data.license(), null)));
        content.receipt()
                .ifPresent(receipt -> receipt.libraries().forEach((library, version) -> {
                    Component component = part(library, Component.Type.LIBRARY, null, null);
                    component.setVersion(String.valueOf(version));
                    components.add(component);
                }));
        bom.setComponents(components);
        try {
            return BomGeneratorFactory.createJson(Version.VERSION_16, bom).toJsonString() + "\n";
        } catch (GeneratorException e) {
            throw new IllegalStateException("Dossier: no bill of materials: " + e.getMessage(), e);
        }
    }

    private static Component model(Dossier.Content content) {
        Component model = part(
                content.name(),
                Component.Type.MACHINE_LEARNING_MODEL,
                content.license().orElse(null),
                content.receipt()
                        .flatMap(receipt -> receipt.hash(Receipt.TRAINED))
                        .orElse(null));
        ModelCard card = new ModelCard();
        ModelParameters parameters = new ModelParameters();
        ModelParameters.Approach approach = new ModelParameters.Approach();
        approach.setType(ModelParameters.Approach.ApproachType.SUPERVISED);
        parameters.setApproach(approach);
        content.receipt().ifPresent(receipt -> parameters.setTask(receipt.task()));
        card.setModelParameters(parameters);
        content.receipt().ifPresent(receipt -> {
            card.setQuantitativeAnalysis(analysis(receipt));
            List<Property> properties = new ArrayList<>();
            properties.add(property("lora4j:receipt", receipt.contentHash()));
            receipt.data().forEach((part, of) -> {
                properties.add(property("lora4j:" + part + ":examples", String.valueOf(of.examples())));
                properties.add(property("lora4j:" + part + ":sha256", of.anyOrder()));
            });
            card.setProperties(properties);
        });
        Considerations considerations = new Considerations();
        considerations.setUseCases(lines(content.uses()));
        considerations.setTechnicalLimitations(lines(content.limits()));
        card.setConsiderations(considerations);
        model.setModelCard(card);
        return model;
    }

    private static List<String> lines(List<String> texts) {
        return texts.stream().map(ModelCardText::line).toList();
    }

    private static QuantitativeAnalysis analysis(Receipt receipt) {
        List<PerformanceMetric> metrics = new ArrayList<>();
        Object after = receipt.result().get("after");
        if (receipt.result().get("metric") instanceof String metric && after != null) {
            PerformanceMetric performance = new PerformanceMetric();
            performance.setType(ModelCardText.line(metric));
            performance.setValue(String.valueOf(after));
            performance.setSlice("validation");
            metrics.add(performance);
        }
        QuantitativeAnalysis analysis = new QuantitativeAnalysis();
        analysis.setPerformanceMetrics(metrics);
        return analysis;
    }

    private static Property property(String name, String value) {
        Property property = new Property();
        property.setName(name);
        property.setValue(value);
        return property;
    }

    private static Component part(String name, Component.Type type, String license, String sha256) {
        Component component = new Component();
        component.setType(type);
        component.setName(ModelCardText.line(name));
        component.setBomRef(type.getTypeName() + ":" + ModelCardText.line(name));
        if (license != null) {
            License named = new License();
            named.setName(ModelCardText.line(license));
            LicenseChoice choice = new LicenseChoice();
            choice.addLicense(named);
            component.setLicenses(choice);
        }
        // Hashes of bases of text tasks are the first half of a SHA-256.
        if (sha256 != null && sha256.length() == 64) {
            component.setHashes(List.of(new Hash(Hash.Algorithm.SHA_256, sha256)));
        }
        return component;
    }
}
