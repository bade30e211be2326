/** Reports as pages: nodes that cannot be written without being escaped, charts as SVG, and the page around them. */
package org.lora4j.internal.report.html;
