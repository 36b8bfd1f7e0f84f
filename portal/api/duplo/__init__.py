"""What DuploCloud's own clients (duploctl, the Terraform provider, duplo-jit) request: their paths and shapes over the portal's services.

Off by default: the flag `duplo_clients` in Config. docs/duplocloud-clients.md says what works.
"""
