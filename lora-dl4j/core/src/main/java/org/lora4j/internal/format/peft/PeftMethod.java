/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.lora4j.config.AdapterConfig;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FileField;
import org.lora4j.method.FileField.Use;
import org.lora4j.method.MethodEntry;

/**
 * How a method stands in files: its line in the table of methods, and every field of PEFT's config of it.
 *
 * @param entry the line
 * @param fields every field of PEFT's config, in alphabetical order
 */
record PeftMethod(MethodEntry<?> entry, List<FileField> fields) {

    private static PeftMethod of(MethodEntry<?> entry) {
        List<FileField> fields = new ArrayList<>(entry.otherFields());
        entry.newConfig().fields().forEach(field -> fields.add(new FileField(field.peftName(), Use.HONORED, null)));
        fields.add(new FileField("inference_mode", Use.HONORED, null));
        fields.add(new FileField("peft_type", Use.HONORED, null));
        fields.add(new FileField("auto_mapping", Use.CARRIED, null));
        fields.add(new FileField("revision", Use.CARRIED, null));
        // The release whose fields are written; PEFT names it when it meets a field that it does not know.
        fields.add(new FileField("peft_version", Use.CARRIED, "0.20.1.dev0"));
        fields.sort(Comparator.comparing(FileField::name));
        return new PeftMethod(entry, List.copyOf(fields));
    }

    static Optional<PeftMethod> of(String type) {
        return AdapterMethods.entry(type).map(PeftMethod::of);
    }

    static PeftMethod of(AdapterConfig config) {
        return of(config.peftType())
                .orElseThrow(() -> new IllegalArgumentException("method " + config.peftType()
                        + ": files of it are not known; expected one of " + names()
                        + ". Use one of these, or add your own: AdapterMethods.register."));
    }

    /** PEFT's name. */
    String type() {
        return entry.peftType();
    }

    /** PEFT's names of all methods, quoted. */
    static String names() {
        return AdapterMethods.entries().stream()
                .map(entry -> "\"" + entry.peftType() + "\"")
                .collect(Collectors.joining(", "));
    }

    Optional<FileField> field(String name) {
        return fields.stream().filter(field -> field.name().equals(name)).findFirst();
    }
}
