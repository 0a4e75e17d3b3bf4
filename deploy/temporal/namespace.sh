#!/bin/sh
# Creates the namespace TEMPORAL_NAMESPACE unless it exists. TEMPORAL_ADDRESS says where.
# Handrail itself registers the search attributes it sets.
set -eu
tries=30
until temporal operator cluster health >/dev/null 2>&1; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || { echo "Temporal at $TEMPORAL_ADDRESS is not healthy:"; exec temporal operator cluster health; }
	sleep 2
done
if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
	echo "namespace $TEMPORAL_NAMESPACE is there"
else
	# How long a closed workflow can still be looked at.
	temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "${TEMPORAL_RETENTION:-720h}"
fi
